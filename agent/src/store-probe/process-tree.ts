/** SHELL. Benchmarks only: what this process and its children take, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";
import { attempt } from "../host/errno-outcome.ts";

/** Of a clock tick, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Of those that ended, too, once they were waited for. */
export function cpuSecondsOfAll(): number {
  // utime, stime and, of children that ended, cutime and cstime: fields 14 to 17 of proc_pid_stat(5).
  const own = fieldsOf("self").slice(11, 15);
  const living = childPids().flatMap((pid) => fieldsOf(pid).slice(11, 13));
  return [...own, ...living].reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond;
}

/** Pages that nobody else has; the program's own text is mapped by the agent too. */
export function privateBytesOfChildren(): number {
  return childPids().reduce((sum, pid) => sum + privateBytes(pid), 0);
}

function privateBytes(pid: string): number {
  const rollup = attempt(() => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  if (rollup.kind === "failed") return 0;
  const lines = rollup.value.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm);
  return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
}

function childPids(): string[] {
  return readdirSync("/proc/self/task").flatMap((task) => {
    const children = attempt(() => readFileSync(`/proc/self/task/${task}/children`, "utf8"));
    return children.kind === "done" ? children.value.split(" ").filter((pid) => pid !== "") : [];
  });
}

/** From the third field on, since the name before it may hold anything. */
function fieldsOf(pid: string): number[] {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat.kind === "done"
    ? stat.value
        .slice(stat.value.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number)
    : [];
}
