// SHELL. Ends the agent, the whole sentinel or the machine at once, from outside: by its cgroup, not by its own means.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { labCgroup } from "../../lab/kernel/cgroups.ts";
import { leaderIn, type Host } from "../../lab/host/host.ts";
import { waitUntil } from "../../lab/wait-until.ts";
import type { Scope } from "./trial-plan.ts";

export interface Executioner {
  /** False where there was nobody to kill. Returns as soon as the signal is sent. */
  kill: () => boolean;
  /** Resolves when who was killed is gone. */
  gone: () => Promise<void>;
}

/** By folders that outlive a restart of the machine, so that the kill itself waits for nothing. */
export async function executioner(host: Host, scope: Scope): Promise<Executioner> {
  const machine = join(await labCgroup(), host.name);
  const sentinel = join(machine, "payload/system.slice/chimera-sentinel.service");
  const dead = new Set<number>();
  switch (scope) {
    case "agent":
      return {
        kill: () => agentsIn(sentinel).some((pid) => killed(pid, dead)),
        gone: () => goneFrom(sentinel, dead),
      };
    case "sentinel":
      return {
        kill: () => {
          for (const pid of pidsIn(sentinel)) dead.add(pid);
          return dead.size > 0 && writes(join(sentinel, "cgroup.kill"), "1");
        },
        gone: () => goneFrom(sentinel, dead),
      };
    case "machine":
      return {
        kill: () => {
          const leader = leaderIn(machine);
          return leader !== undefined && killed(leader, dead);
        },
        gone: async () => {
          await waitUntil(`${host.name} off`, async () => !(await host.isOn()), {
            timeoutMs: 60_000,
            everyMs: 5,
          });
        },
      };
  }
}

function agentsIn(cgroup: string): number[] {
  return pidsIn(cgroup).filter((pid) => / run /.test(commandOf(pid)) && /agent\.mjs/.test(commandOf(pid)));
}

function pidsIn(cgroup: string): number[] {
  return read(join(cgroup, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

function killed(pid: number, dead: Set<number>): boolean {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
  dead.add(pid);
  return true;
}

async function goneFrom(cgroup: string, dead: ReadonlySet<number>): Promise<void> {
  const isGone = () => !pidsIn(cgroup).some((pid) => dead.has(pid));
  await waitUntil("the killed ones gone", isGone, { timeoutMs: 10_000, everyMs: 1 });
}

function writes(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
