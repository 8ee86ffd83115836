// SHELL. What the tmux server of a node has for itself, and what the agent had at its most.
import { z } from "zod";
import { agentPid } from "../../fleet/fleet-stage.ts";
import type { Host } from "../../lab/host/host.ts";

export async function tmuxPrivateKb(node: Host): Promise<number> {
  const socket = "/run/chimera/tmux.sock";
  const pid = await node.runChecked(["tmux", "-N", "-S", socket, "display-message", "-p", "#{pid}"]);
  const rollup = await node.runChecked(["cat", `/proc/${pid.trim()}/smaps_rollup`]);
  const found = [...rollup.matchAll(/^Private_(?:Clean|Dirty|Hugetlb):\s+(\d+) kB$/gmu)];
  return found.reduce((sum, [, kb]) => sum + Number(kb), 0);
}

/** From now on the agent's highest resident memory is counted anew. */
export async function forgetAgentPeak(node: Host): Promise<void> {
  const pid = (await agentPid(node)) ?? 0;
  await node.runChecked(["/bin/sh", "-c", 'echo 5 > "/proc/$1/clear_refs"', "sh", `${pid}`]);
}

export async function agentPeakMb(node: Host): Promise<number> {
  const status = await node.runChecked(["cat", `/proc/${(await agentPid(node)) ?? 0}/status`]);
  return z.coerce.number().parse(/^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1]) / 1024;
}
