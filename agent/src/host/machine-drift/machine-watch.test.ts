/** What is heard beyond /etc; with real mounts, as root. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { useMachineFixture } from "./machine-fixture.ts";
import type { MachineSource } from "./machine-source.ts";

const fixture = useMachineFixture();

test("what is mounted over a place is heard from the next sweep on", async () => {
  const folder = join(fixture().root, "run/wrappers");
  mkdirSync(folder);
  let looks = 0;
  const source: MachineSource = {
    of: "wrappers",
    watched: [{ path: folder, deep: true }],
    look() {
      looks += 1;
      return Promise.resolve({ findings: [], managed: 1 });
    },
  };
  const drift = fixture().start({ sources: [source] });
  await drift.sweepNow();
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder]);
  try {
    await drift.sweepNow();
    const before = looks;
    writeFileSync(join(folder, "sudo"), "x");
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before), { timeout: 5000 });
    const settled = looks;
    await drift.sweepNow();
    // Nothing moved: it goes on listening as it does.
    expect(looks).toBe(settled + 1);
  } finally {
    await drift.stop();
    execFileSync("umount", ["--lazy", folder]);
  }
});
