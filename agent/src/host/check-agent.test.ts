import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkAgent } from "./check-agent.ts";

let toplevel: string;
beforeEach(() => {
  toplevel = mkdtempSync(join(tmpdir(), "chimera-check-"));
});
afterEach(() => rmSync(toplevel, { recursive: true }));

function bringAgent(script: string): void {
  mkdirSync(join(toplevel, "sw/bin"), { recursive: true });
  writeFileSync(join(toplevel, "sw/bin/chimera-agent"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const check = () => checkAgent(toplevel, "/etc/chimera/agent.json");

test("a system without an agent passes", async () => {
  await expect(check()).resolves.toBeUndefined();
});

test("an agent that would start passes; it is asked about the configuration that it will have", async () => {
  bringAgent('[ "$*" = "check --config /etc/chimera/agent.json" ]');
  await expect(check()).resolves.toBeUndefined();
});

test("an agent that refuses its configuration fails the commit, in its own words", async () => {
  bringAgent('echo "probationSecond is no key" >&2; exit 65');
  await expect(check()).rejects.toMatchObject({
    code: "activation-failed",
    cause: { message: "probationSecond is no key" },
  });
});

test("an agent that is too old to be asked passes", async () => {
  bringAgent("exit 64");
  await expect(check()).resolves.toBeUndefined();
});
