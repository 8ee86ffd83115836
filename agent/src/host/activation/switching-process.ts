/**
 * SHELL. Whether somebody switches the system just now: by the lock, and, since `activate` by hand takes none, by the processes of
 * this machine. Only root's count, by the real user: else whoever may start a setuid program could name it so.
 */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
} from "node:fs";
import { basename, resolve } from "node:path";
import { attempt } from "../errno-outcome.ts";
import { isSwitchLocked, switchLockFile } from "./switch-lock.ts";

export interface SwitchingPlaces {
  lockFile: string;
  proc: string;
  /** Where systems lie, with a slash at its end. */
  store: string;
}

const machinePlaces: SwitchingPlaces = { lockFile: switchLockFile, proc: "/proc", store: "/nix/store/" };

/** A machine with more is searched as far as this. */
const mostProcesses = 8192;
/** Of a command line: the program is at its begin. */
const mostBytes = 4096;

/** In words; null where nobody does. */
export function findSwitching(places: SwitchingPlaces = machinePlaces): string | null {
  if (isSwitchLocked(places.lockFile)) return "the switch's lock is held";
  const listed = attempt(() => readdirSync(places.proc));
  if (listed.kind === "failed") return null;
  const pids = listed.value.filter((name) => /^\d+$/u.test(name)).slice(0, mostProcesses);
  for (const pid of pids) {
    const program = programOf(readArgv(`${places.proc}/${pid}/cmdline`));
    if (program !== null && switches(program, pid, places))
      return `${basename(program)} runs (process ${pid})`;
  }
  return null;
}

const freshMs = 500;

/** For who asks at each of many steps: an answer counts for a moment. */
export function createSwitchingSight(find: () => string | null = findSwitching): () => boolean {
  let last = { isSwitching: false, untilMs: 0 };
  return () => {
    const nowMs = performance.now();
    if (nowMs >= last.untilMs) last = { isSwitching: find() !== null, untilMs: nowMs + freshMs };
    return last.isSwitching;
  };
}

function switches(program: string, pid: string, { proc, store }: SwitchingPlaces): boolean {
  const name = basename(program);
  const isSwitch = switchNames.has(name);
  if (!isSwitch && name !== "activate") return false;
  const folder = `${proc}/${pid}`;
  if (!isRoots(folder) || !isOfThisMachine(proc, folder)) return false;
  return isSwitch || isActivation(program, folder, store);
}

const switchNames: ReadonlySet<string> = new Set([
  "switch-to-configuration",
  "switch-to-configuration-ng",
  ".switch-to-configuration-wrapped",
]);

/** Others have programs of that name, as Python's environments: a system's lies at the top of its store path. */
function isActivation(program: string, folder: string, store: string): boolean {
  const real = attempt(() => realpathSync(resolve(readlinkSync(`${folder}/cwd`), program)));
  if (real.kind === "failed" || !real.value.startsWith(store)) return false;
  return /^[^/]+\/activate$/u.test(real.value.slice(store.length));
}

const interpreters: ReadonlySet<string> = new Set(["sh", "bash", "dash", "busybox", "perl"]);

/** What runs, by its command line: a script stands behind its interpreter. */
export function programOf(argv: readonly string[]): string | null {
  const [first = "", ...others] = argv;
  const isScript = interpreters.has(basename(first).replace(/^-/u, ""));
  const program = isScript ? others.find((word) => !word.startsWith("-")) : first;
  return program === undefined || program === "" ? null : program;
}

function readArgv(file: string): string[] {
  const opened = attempt(() => openSync(file, "r"));
  if (opened.kind === "failed") return [];
  const bytes = Buffer.alloc(mostBytes);
  const read = attempt(() => readSync(opened.value, bytes));
  closeSync(opened.value);
  return read.kind === "failed" ? [] : bytes.toString("utf8", 0, read.value).split("\0");
}

function isRoots(folder: string): boolean {
  const status = attempt(() => readFileSync(`${folder}/status`, "utf8"));
  return status.kind === "done" && /^Uid:\s+0\s/mu.test(status.value);
}

/** A container's own switch is no business of this machine. */
function isOfThisMachine(proc: string, folder: string): boolean {
  const own = attempt(() => readlinkSync(`${proc}/self/ns/pid`));
  const its = attempt(() => readlinkSync(`${folder}/ns/pid`));
  return own.kind === "done" && its.kind === "done" && own.value === its.value;
}
