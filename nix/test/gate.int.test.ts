/** The real gate script, with a stand-in for systemd's word and an agent that says what it was asked. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const gate = resolve(import.meta.dirname, "../sentinel/gate.sh");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-gate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(systemctl: string, agentCode: number) {
  const put = (name: string, text: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  put("systemctl", systemctl);
  put("agent", `echo "asked: $*"; exit ${agentCode}`);
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  const { status, stdout } = spawnSync("/bin/sh", [gate, join(folder, "agent")], { env, encoding: "utf8" });
  return { status, stdout };
}
const asked = "asked: gate --config /etc/chimera/agent.json\n";

test.each([
  ["a boot", "echo starting; exit 1"],
  ["the beginning of a boot", "echo initializing; exit 1"],
  ["a systemd that does not answer", "exit 1"],
  ["a systemd that is not there", "exit 127"],
])("in %s the agent decides", (_, systemctl) => {
  expect(run(systemctl, 0)).toEqual({ status: 0, stdout: asked });
  expect(run(systemctl, 70)).toEqual({ status: 70, stdout: asked });
});

test.each(["echo running", "echo degraded; exit 1"])(
  "when the boot was over (%s), by a switch for example, nothing is waited for",
  (systemctl) => {
    expect(run(systemctl, 70)).toEqual({
      status: 0,
      stdout: "this boot was complete before there was a gate\n",
    });
  },
);
