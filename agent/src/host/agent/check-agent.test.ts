import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorePath } from "@chimera/proto/names";
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

const nowhere = "/nowhere/agent.json";
const check = () => checkAgent(toplevel, { ownPath: null, configFile: nowhere });

function bringConfig(text: string): string {
  mkdirSync(join(toplevel, "etc/chimera"), { recursive: true });
  writeFileSync(join(toplevel, "etc/chimera/agent.json"), text);
  return join(toplevel, "etc/chimera/agent.json");
}

test("a system without an agent passes", async () => {
  await expect(check()).resolves.toBeUndefined();
});

test("an agent that would start passes; it is asked about the configuration that it will have", async () => {
  bringAgent(`[ "$*" = "check --config ${bringConfig("{}")}" ]`);
  await expect(check()).resolves.toBeUndefined();
});

test("an agent whose system brings no configuration is asked about the present one", async () => {
  bringAgent(`[ "$*" = "check --config ${nowhere}" ]`);
  await expect(check()).resolves.toBeUndefined();
});

test("the very agent that runs, with the very same configuration, is not asked; with another it is", async () => {
  bringAgent("exit 65");
  const configFile = join(toplevel, "running.json");
  writeFileSync(configFile, "{}");
  bringConfig("{}");
  // Its own path is a folder of this test.
  const ownPath = StorePath.parse(`/nix/store/${"a".repeat(32)}-chimera-1`);
  writeFileSync(join(toplevel, "sw/bin/chimera-agent"), `#!/bin/sh\n# ${ownPath}\nexit 65\n`);
  await expect(checkAgent(toplevel, { ownPath, configFile })).resolves.toBeUndefined();
  bringConfig('{"probationSeconds":3}');
  await expect(checkAgent(toplevel, { ownPath, configFile })).rejects.toThrow(/would not start/);
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
