import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pruneOrder } from "./prune.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-prune-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("scripts of dead-men go, the newest eight journals aside stay, nothing else is touched", () => {
  const aside = Array.from({ length: 12 }, (_, i) => `journal.json.corrupt-${100 + i}`);
  const others = ["journal.json", "trust.json", "agent.lock", "other.sh"];
  for (const name of [...aside, ...others, "chimera-dead-man-3.sh"]) writeFileSync(join(folder, name), "");
  pruneOrder({ stateDir: folder, runtimeDir: folder });
  expect(readdirSync(folder).toSorted()).toEqual([...others, ...aside.slice(4)].toSorted());
});

test("a folder that is not there is no failure", () => {
  expect(() =>
    pruneOrder({ stateDir: join(folder, "none"), runtimeDir: join(folder, "none") }),
  ).not.toThrow();
});
