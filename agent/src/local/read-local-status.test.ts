import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { LocalStatus } from "@chimera/proto/local-api";
import { NodeName } from "@chimera/proto/names";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLocalStatus } from "./read-local-status.ts";

const golden = join(import.meta.dirname, "../../../proto/test/golden/v1");
const journals = join(import.meta.dirname, "../reconcile/golden");
let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "chimera-state-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const file = (name: string) => join(stateDir, name);
const read = () => LocalStatus.parse(readLocalStatus(stateDir, NodeName.parse("n1")));

test("without any file it still answers: nothing was ordered yet", () => {
  expect(read()).toMatchObject({
    node: "n1",
    agent: null,
    state: "idle",
    waiting: { reason: "no-agent" },
    accepted: null,
    journal: null,
    local: null,
    unreadable: [],
  });
});

test("shows what journal and accepted documents say; times of an earlier boot are not guessed", () => {
  copyFileSync(join(journals, "journal-v1-first.json"), file("journal.json"));
  copyFileSync(join(golden, "trust-state.json"), file("trust.json"));
  const status = read();
  expect(status).toMatchObject({ accepted: { serial: 2 }, panic: { serial: 2 }, unreadable: [] });
  expect(status.journal).toMatchObject({ stepMs: null, order: { local: null } });
  expect(status.state).not.toBe("idle");
  expect(status.quarantine.length).toBeGreaterThan(0);
});

test("wants what the panic leads to, and the way back that its journal has begun", () => {
  copyFileSync(join(golden, "trust-state.json"), file("trust.json"));
  const trust = TrustState.parse(JSON.parse(readFileSync(file("trust.json"), "utf8")));
  const { head, panic, leaves } = trust;
  if (head === null || panic === null) throw new Error("the golden state has both");
  const [a, b] = ["a", "b"].map((letter) => `/nix/store/${letter.repeat(32)}-nixos-system-n1`);
  const write = (changes: object) =>
    writeFileSync(file("trust.json"), JSON.stringify({ ...trust, ...changes }));
  write({ panic: { ...panic, target: a } });
  expect(read().wanted).toBe(a);
  write({ panic: null });
  expect(read().wanted).toBe(leaves.findLast((leaf) => leaf.head === head.id)?.toplevel);
  const journal: unknown = JSON.parse(readFileSync(join(journals, "journal-v1-first.json"), "utf8"));
  const order = { epoch: 0, serial: 2, rank: 1, id: head.id };
  writeFileSync(file("journal.json"), JSON.stringify({ ...Object(journal), order, toplevel: b }));
  expect(read().wanted).toBe(b);
});

test("an order of long ago counts no more", () => {
  copyFileSync(join(golden, "local-state.json"), file("local.json"));
  const text = readFileSync(file("local.json"), "utf8").replaceAll("2026-11-23", "2001-11-23");
  writeFileSync(file("local.json"), text);
  expect(read()).toMatchObject({ local: null, holds: { local: null }, unreadable: [] });
});

test.each<[string, string, RegExp]>([
  ["cut short", '{"v":1,"ord', /not JSON/u],
  ["empty", "", /not JSON/u],
  ["garbage", "\u0000\u0001garbage", /not JSON/u],
  ["of a newer version", '{"v":99}', /version 99/u],
  ["of another form", "[1]", /./u],
  ["too large", " ".repeat((4 << 20) + 1), /larger than/u],
])("a file that is %s is named, left as it is, and hides no other", (_, text, reason) => {
  copyFileSync(join(golden, "trust-state.json"), file("trust.json"));
  for (const name of ["journal.json", "local.json"]) writeFileSync(file(name), text);
  const status = read();
  expect(status.unreadable).toEqual([
    { file: file("journal.json"), reason: expect.stringMatching(reason) },
    { file: file("local.json"), reason: expect.stringMatching(reason) },
  ]);
  expect(status.accepted).not.toBeNull();
  expect(readdirSync(stateDir).toSorted()).toEqual(["journal.json", "local.json", "trust.json"]);
  expect(readFileSync(file("local.json"), "utf8")).toBe(text);
});

test("a folder in the place of a file is named too", () => {
  mkdirSync(file("trust.json"));
  expect(read().unreadable).toEqual([{ file: file("trust.json"), reason: "no regular file" }]);
});
