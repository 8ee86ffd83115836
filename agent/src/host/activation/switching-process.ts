/**
 * SHELL. Whether somebody switches the system just now: by the lock, and, since `activate` by hand takes none, by the processes of
 * this machine. Only root's count, by the real user: else whoever may start a setuid program could name it so. A name alone is nothing
 * (`exec -a`): what runs must be a program or script of the store.
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

/** A machine with more is searched as far as this, the newest numbers first. */
const mostProcesses = 65_536;
/** Of a command line: the program is at its begin. */
const mostBytes = 4096;

/** In words; null where nobody does. */
export function findSwitching(places: SwitchingPlaces = machinePlaces): string | null {
  if (isSwitchLocked(places.lockFile)) return "the switch's lock is held";
  const listed = attempt(() => readdirSync(places.proc));
  if (listed.kind === "failed") return null;
  const pids = listed.value.filter((name) => /^\d+$/u.test(name)).toReversed();
  for (const pid of pids.slice(0, mostProcesses)) {
    const argv = readArgv(`${places.proc}/${pid}/cmdline`);
    const program = programOf(argv);
    if (program !== null && switches({ argv, program }, pid, places))
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

interface Called {
  argv: readonly string[];
  program: string;
}

function switches(called: Called, pid: string, { proc, store }: SwitchingPlaces): boolean {
  const name = basename(called.program);
  if (!switchNames.test(name) && name !== "activate") return false;
  const folder = `${proc}/${pid}`;
  return isRoots(folder) && isOfThisMachine(proc, folder) && isOfStore(called, folder, store);
}

const switchNames = /^(?:switch-to-configuration(?:-ng)?|\.switch-to-configuration-wrapped)$/u;

/** Its wrapper gives the program that it starts its own name, so what runs is asked for, and for a script which one. */
function isOfStore({ argv, program }: Called, folder: string, store: string): boolean {
  const linked = attempt(() => readlinkSync(`${folder}/exe`));
  if (linked.kind === "failed") return false;
  // A program whose file was collected runs on.
  const exe = linked.value.replace(/ \(deleted\)$/u, "");
  if (isSwitchAt(exe, store)) return true;
  const isScript = isInterpreter(exe) && isInterpreter(argv[0] ?? "");
  const real = attempt(() => realpathSync(resolve(readlinkSync(`${folder}/cwd`), program)));
  return (
    isScript && real.kind === "done" && (isSwitchAt(real.value, store) || isActivation(real.value, store))
  );
}

function isSwitchAt(path: string, store: string): boolean {
  const [, folder, name = "", ...more] = belowStore(path, store);
  return folder === "bin" && switchNames.test(name) && more.length === 0;
}

/** Others have programs of that name, as Python's environments: a system's lies at the top of its store path. */
function isActivation(path: string, store: string): boolean {
  const [, name, ...more] = belowStore(path, store);
  return name === "activate" && more.length === 0;
}

function belowStore(path: string, store: string): string[] {
  return path.startsWith(store) ? path.slice(store.length).split("/") : [];
}

function isInterpreter(path: string): boolean {
  return /^-?(?:sh|bash|dash|busybox|perl[\d.]*)$/u.test(basename(path));
}

/** What runs, by its command line: a script stands behind its interpreter. */
export function programOf(argv: readonly string[]): string | null {
  const [first = "", ...others] = argv;
  const program = isInterpreter(first) ? others.find((word) => !word.startsWith("-")) : first;
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
