/** SHELL. The folder of all evidence: what it may take, how old it may be, and that nobody leads it elsewhere. */
import { fchmodSync, fstatSync, lstatSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { attempt, type Outcome } from "../../errno-outcome.ts";
import { openDirectory, type OpenDirectory } from "../etc-directory.ts";
import { removeFlaggedTree } from "../attributes/clear-attributes.ts";
import { measureTree, type TreeSize } from "../tree.ts";

export interface EvidenceLimits extends TreeSize {
  /** Older evidence is removed. */
  ageMs?: number;
}

const dayMs = 86_400_000;
/** What all evidence together may take, and for how long. */
export const evidenceLimits = { files: 50_000, bytes: 256 * 1024 * 1024, ageMs: 30 * dayMs };

interface Kept extends TreeSize {
  name: string;
}

export interface EvidenceStore {
  readonly limits: EvidenceLimits;
  /** The folder, by descriptor; fails where a link or a file is in its place. */
  open(): Outcome<OpenDirectory>;
  /** Makes room by removing the oldest, and a folder for one more; `settle` says what it takes in the end. */
  begin(folder: OpenDirectory, path: string, size: TreeSize): Promise<Outcome<string>>;
  settle(label: string, size: TreeSize): void;
  /** Of one that came to nothing. */
  drop(folder: OpenDirectory, label: string): Promise<void>;
  /** Removes what is too old. */
  prune(): Promise<void>;
}

interface State {
  parent: string;
  limits: EvidenceLimits;
  /** Oldest first; read from the disk when it is first needed. */
  kept: Kept[] | null;
  total: TreeSize;
  /** Tells two of one millisecond apart. */
  sequence: number;
}

export function createEvidenceStore(stateDir: string, limits: EvidenceLimits): EvidenceStore {
  const total = { files: 0, bytes: 0 };
  const state: State = { parent: stateDir, limits, kept: null, total, sequence: 0 };
  return {
    limits,
    open: () => openStore(state),
    begin: (folder, path, size) => begin(state, folder, { path, size }),
    settle(label, size) {
      state.kept?.push({ name: label, ...size });
      add(state.total, size, 1);
    },
    drop: async (folder, label) => void (await removeFlaggedTree(folder, label)),
    prune: () => prune(state),
  };
}

/** The state folder may be a link, as administrators make one; the evidence in it may not. */
function openStore({ parent }: State): Outcome<OpenDirectory> {
  const made = attempt(() => mkdirSync(`${parent}/evidence`, { recursive: true, mode: 0o700 }));
  if (made.kind === "failed") return made;
  const real = attempt(() => realpathSync(parent));
  if (real.kind === "failed") return real;
  const opened = openDirectory(real.value, "evidence");
  if (opened.kind === "failed") return opened;
  const { fd } = opened.value;
  if ((fstatSync(fd).mode & 0o7777) !== 0o700) fchmodSync(fd, 0o700);
  return opened;
}

async function begin(
  state: State,
  folder: OpenDirectory,
  { path, size }: { path: string; size: TreeSize },
): Promise<Outcome<string>> {
  const room = await makeRoom(state, folder, size);
  if (room.kind === "failed") return room;
  state.sequence = (state.sequence + 1) % 10_000;
  const label = evidenceName(state.sequence, path);
  const made = attempt(() => mkdirSync(folder.child(label), { mode: 0o700 }));
  return made.kind === "failed" ? made : { kind: "done", value: label };
}

/** Removes what is too old, and the oldest until the new one fits. */
async function makeRoom(state: State, folder: OpenDirectory, size: TreeSize): Promise<Outcome<null>> {
  const { limits, total } = state;
  if (size.files > limits.files || size.bytes > limits.bytes) return { kind: "failed", errno: "EFBIG" };
  const kept = await knownKept(state, folder);
  const isOver = (): boolean =>
    total.files + size.files > limits.files || total.bytes + size.bytes > limits.bytes;
  while (kept.length > 0 && (isOver() || isTooOld(kept[0], limits))) {
    const removed = await removeOldest(state, folder, kept);
    if (removed.kind === "failed") return removed;
  }
  return { kind: "done", value: null };
}

async function removeOldest(state: State, folder: OpenDirectory, kept: Kept[]): Promise<Outcome<null>> {
  const oldest = kept.shift();
  if (oldest === undefined) return { kind: "done", value: null };
  add(state.total, oldest, -1);
  return removeFlaggedTree(folder, oldest.name);
}

async function prune(state: State): Promise<void> {
  if (lstatSync(`${state.parent}/evidence`, { throwIfNoEntry: false }) === undefined) return;
  const opened = openStore(state);
  if (opened.kind === "failed") return;
  using folder = opened.value;
  const kept = await knownKept(state, folder);
  while (isTooOld(kept[0], state.limits)) {
    const removed = await removeOldest(state, folder, kept);
    if (removed.kind === "failed") return;
  }
}

function isTooOld(kept: Kept | undefined, { ageMs }: EvidenceLimits): boolean {
  const at = kept === undefined ? null : timeOf(kept.name);
  return at !== null && ageMs !== undefined && Date.now() - at > ageMs;
}

async function knownKept(state: State, folder: OpenDirectory): Promise<Kept[]> {
  if (state.kept !== null) return state.kept;
  state.kept = await readKept(state, folder);
  for (const entry of state.kept) add(state.total, entry, 1);
  return state.kept;
}

/** The names begin with their time, so that sorted by name is oldest first. */
async function readKept({ limits }: State, folder: OpenDirectory): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const name of readdirSync(folder.child(".")).toSorted()) {
    const size = await measureTree(folder, name, { ...limits, countHoles: false });
    kept.push({ name, ...(size.kind === "done" ? size.value : limits) });
  }
  return kept;
}

function add(total: TreeSize, { files, bytes }: TreeSize, sign: 1 | -1): void {
  total.files += sign * files;
  total.bytes += sign * bytes;
}

/** `2026-11-23T13-20-16-123Z-0001-ssh_sshd_config`: legible, and safe as a file name whatever the path holds. */
function evidenceName(sequence: number, path: string): string {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  return `${time}-${String(sequence).padStart(4, "0")}-${safeName(path)}`;
}

/** What the names of all evidence of an absolute path end with. */
export function labelOf(path: string): string {
  return safeName(path.startsWith("/etc/") ? path.slice("/etc/".length) : path.slice(1));
}

function safeName(path: string): string {
  return path.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
}

function timeOf(name: string): number | null {
  const [, day, hours, minutes, seconds, ms] =
    /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z-/.exec(name) ?? [];
  return day === undefined ? null : Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
}
