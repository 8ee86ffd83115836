/** SHELL. Processes of this machine, by /proc: who is alive, who belongs to whom. */
import { readFileSync, readdirSync } from "node:fs";
import { ChimeraError } from "@chimera/proto/errors";
import type { Process } from "../record/run-record.ts";

export interface ProcessFacts {
  pid: number;
  state: string;
  parent: number;
  group: number;
  session: number;
  /** Of its terminal the group that may read from it; -1 without a terminal. */
  terminalGroup: number;
  startTicks: number;
}

function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "unknown";
}

/** Undefined for one that is gone. */
export function readProcess(pid: number | "self"): ProcessFacts | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name stands in brackets, and may hold anything, brackets too.
  const [state = "", ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(rest[number - 4] ?? "0");
  return {
    pid: Number.parseInt(text, 10),
    state,
    parent: field(4),
    group: field(5),
    session: field(6),
    terminalGroup: field(8),
    startTicks: field(22),
  };
}

/** Throws where there is no /proc: without it nobody can tell a process from a later one of its number. */
export function identify(pid: number | "self"): Process {
  const facts = readProcess(pid);
  if (facts !== undefined) return { pid: facts.pid, startTicks: facts.startTicks, boot: bootId() };
  throw new ChimeraError("tool-missing", `process ${pid} is not in /proc, which chimera run needs`);
}

export function isAlive({ pid, startTicks, boot }: Process): boolean {
  const facts = readProcess(pid);
  if (facts === undefined || facts.startTicks !== startTicks || boot !== bootId()) return false;
  // Dead, and only its exit code is still there.
  return facts.state !== "Z" && facts.state !== "X";
}

export function allProcesses(): ProcessFacts[] {
  return readdirSync("/proc").flatMap((name) => {
    const facts = /^[0-9]+$/u.test(name) ? readProcess(Number(name)) : undefined;
    return facts === undefined || facts.state === "Z" ? [] : [facts];
  });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
