// SHELL. Removes everything that a lab made on this machine, whatever state it was left in. May be run at any time.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { killCgroup, labCgroup, removeLabCgroups } from "./kernel/cgroups.ts";
import { claimLink, isClaimed, labFolder, otherLabs, permitFile, readState, stateFile } from "./lab-state.ts";
import type { LabState } from "./lab-state.ts";
import { readMountInfo } from "./kernel/mount-info.ts";
import { bridgeName, removeBridge } from "./kernel/network.ts";
import { isAlive } from "./kernel/process-identity.ts";
import { silent } from "./report.ts";
import type { Report } from "./report.ts";
import { removeRunLeftovers } from "./run-leftovers.ts";
import { runTool } from "./tools/run-tool.ts";
import { restoreSysctls } from "./kernel/sysctls.ts";
import { waitUntil } from "./wait-until.ts";

/** Refuses while another living process brings the lab up or works in it, unless that one asks for it as our parent. */
export async function downUnlessInUse(report: Report = silent): Promise<void> {
  const owner = (await claimedState())?.owner;
  if (owner !== undefined && ![process.pid, process.ppid].includes(owner.pid) && isAlive(owner)) {
    throw new ChimeraError("write-conflict", `process ${owner.pid} is using the lab: end it first`);
  }
  await down(report);
}

/** Who has claimed the machine writes its state next: one that never comes was killed between the two. */
async function claimedState(): Promise<LabState | undefined> {
  const deadline = performance.now() + 3000;
  const settled = (): boolean => !isClaimed() || existsSync(stateFile()) || performance.now() > deadline;
  await waitUntil("the lab's state written", settled, { timeoutMs: 10_000 });
  return readState();
}

export async function down(report: Report = silent): Promise<void> {
  const state = await readState();
  const cgroup = await labCgroup();
  if (!isClaimed() && !existsSync(labFolder()) && !existsSync(cgroup)) return;
  if (state !== undefined) report("taking the lab down");
  // Runners that have not joined the cgroup yet find no permit and end by themselves.
  await rm(permitFile(), { force: true });
  await killCgroup(cgroup);
  await unmountAll();
  await removeLabCgroups();
  await removeBridge();
  if (state !== undefined) {
    if (otherLabs().length === 0) await restoreSysctls(state.sysctls);
    await removeRunLeftovers(state.runBefore);
  }
  // The state goes last: until then whoever comes next knows what is left to do.
  await rm(`${labFolder()}/hosts`, { recursive: true, force: true });
  await rm(stateFile(), { force: true });
  await rm(labFolder(), { recursive: true, force: true });
  await rm(claimLink, { force: true });
  if (state !== undefined) report(`the lab is down: no process, mount or ${bridgeName} bridge is left`);
}

/** Runners mount in namespaces of their own; what is found here was made by hand or by a test. */
async function unmountAll(): Promise<void> {
  const under = `${labFolder()}/`;
  const mounts = (await readMountInfo()).filter((mount) => mount.target.startsWith(under));
  for (const { target } of mounts.toReversed()) await runTool(["umount", "--lazy", target]);
}
