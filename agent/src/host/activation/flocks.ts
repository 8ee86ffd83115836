/** SHELL. Who holds a flock(2) on a file: Node has none of its own, and /proc/locks tells without ever holding it ourselves. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { attempt } from "../errno-outcome.ts";

export interface Flock {
  /** Who took it; it may have ended since, and left the lock to whoever has its descriptor. */
  pid: number;
  isExclusive: boolean;
}

const lockLine = /^\d+: FLOCK\s+\S+\s+(?<kind>READ|WRITE)\s+(?<pid>-?\d+)\s+(?<file>\S+)\s/u;

/** Held ones, not those that wait. */
export function flocksOn(file: string): Flock[] {
  const stats = attempt(() => statSync(file, { bigint: true }));
  if (stats.kind === "failed") return [];
  const locks = attempt(() => readFileSync("/proc/locks", "utf8"));
  if (locks.kind === "failed") return [];
  const key = `${deviceText(stats.value.dev)}:${stats.value.ino}`;
  return locks.value.split("\n").flatMap((line) => {
    const { kind, pid, file: locked } = lockLine.exec(line)?.groups ?? {};
    return locked === key ? [{ pid: Number(pid), isExclusive: kind === "WRITE" }] : [];
  });
}

/**
 * Anybody who may read a file may lock it. Root's is what root took, by the real user, or what a process of root has open. Where
 * nobody can be named it may be root's.
 */
export function isRoots({ pid }: Flock, file: string): boolean {
  const holders = hasOpen(`${pid}`, file) ? [`${pid}`] : openersOf(file);
  return holders.length === 0 || holders.some(isTrusted);
}

export function programOfPid(pid: number): string {
  const name = attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8"));
  return name.kind === "done" ? name.value.trim() : "ended";
}

/** A machine with more is searched as far as this. */
const mostProcesses = 8192;

function openersOf(file: string): string[] {
  const listed = attempt(() => readdirSync("/proc"));
  if (listed.kind === "failed") return [];
  const pids = listed.value.filter((name) => /^\d+$/u.test(name)).slice(0, mostProcesses);
  return pids.filter((pid) => hasOpen(pid, file));
}

function hasOpen(pid: string, file: string): boolean {
  const listed = attempt(() => readdirSync(`/proc/${pid}/fd`));
  if (listed.kind === "failed") return false;
  return listed.value.some((fd) => leadsTo(`/proc/${pid}/fd/${fd}`, file));
}

/** By name first: to ask a descriptor of a network that is away would wait. */
function leadsTo(descriptor: string, file: string): boolean {
  const target = attempt(() => readlinkSync(descriptor));
  if (target.kind === "failed" || basename(target.value) !== basename(file)) return false;
  const [its, own] = [attempt(() => statSync(descriptor)), attempt(() => statSync(file))];
  if (its.kind === "failed" || own.kind === "failed") return false;
  return its.value.dev === own.value.dev && its.value.ino === own.value.ino;
}

/** Whoever this agent runs as may stop it anyway. */
function isTrusted(pid: string): boolean {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, "utf8"));
  if (status.kind === "failed") return false;
  const uid = Number(/^Uid:\s+(\d+)/mu.exec(status.value)?.[1]);
  return uid === 0 || uid === process.getuid?.();
}

/** As /proc/locks prints a device: both halves in at least two hex digits (glibc's makedev, backwards). */
function deviceText(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return `${major.toString(16).padStart(2, "0")}:${minor.toString(16).padStart(2, "0")}`;
}
