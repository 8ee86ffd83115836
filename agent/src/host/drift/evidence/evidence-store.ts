/** SHELL. The folder of all evidence: what it may take, how old it may be, and that nobody leads it elsewhere. */
import { fchmodSync, fstatSync, lstatSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { attempt, type Outcome } from "../../errno-outcome.ts";
import { openDirectory, type OpenDirectory } from "../etc-directory.ts";
import { removeFlaggedTree } from "../attributes/clear-attributes.ts";
import { measureTree, type TreeSize } from "../tree.ts";
import { openEvidenceClock, type BootClock, type EvidenceClock } from "./evidence-clock.ts";
import { byOrder, evidenceName, orderOf } from "../../../reconcile/drift/evidence/evidence-name.ts";
import { createShare, type EvidenceShare } from "../../../reconcile/drift/evidence/evidence-share.ts";

export interface EvidenceLimits extends TreeSize {
  /** Older evidence is removed. */
  ageMs?: number;
}

const dayMs = 86_400_000;
/** What all evidence together may take, and for how long. */
export const evidenceLimits = { files: 50_000, bytes: 256 * 1024 * 1024, ageMs: 30 * dayMs };

/** What several have is on the disk once, and counted once. */
export interface SharedBytes {
  /** Of the inode. */
  key: string;
  bytes: number;
}

interface Kept extends TreeSize {
  name: string;
  shared: SharedBytes | null;
}

/** `path` is legible in the name. Of a file that goes beyond the share of an hour nothing is kept; a folder pushes out what came within it. */
interface NewEvidence {
  path: string;
  size: TreeSize;
  kind: "file" | "folder";
}

export interface EvidenceStore {
  readonly limits: EvidenceLimits;
  /** The folder, by descriptor; fails where a link or a file is in its place. */
  open(): Outcome<OpenDirectory>;
  /** Makes room by removing the oldest, and a folder for one more; `settle` says what it takes in the end. */
  begin(folder: OpenDirectory, evidence: NewEvidence): Promise<Outcome<string>>;
  settle(label: string, size: TreeSize, shared?: SharedBytes): void;
  /** Of one that came to nothing. */
  drop(folder: OpenDirectory, label: string): Promise<void>;
  /** Evidence with the same bytes, as far as is remembered. */
  sameAs(sha256: string): string | undefined;
  remember(sha256: string, label: string): void;
  /** Removes what is too old. */
  prune(): Promise<void>;
}

interface State {
  parent: string;
  limits: EvidenceLimits;
  /** Oldest first; read from the disk when it is first needed. */
  kept: Kept[] | null;
  total: TreeSize;
  /** How many have the bytes of an inode. */
  holders: Map<string, number>;
  /** By digest, the newest last. */
  same: Map<string, string>;
  /** Of the newest. */
  order: number;
  /** Of the newest when nothing had come for an hour: what is newer came with the storm. */
  stormOrder: number;
  clock: EvidenceClock;
  share: EvidenceShare;
}

const rememberedDigests = 1024;

export function createEvidenceStore(
  stateDir: string,
  limits: EvidenceLimits,
  clock?: BootClock,
): EvidenceStore {
  const state: State = {
    parent: stateDir,
    limits,
    kept: null,
    total: { files: 0, bytes: 0 },
    holders: new Map(),
    same: new Map(),
    order: 0,
    stormOrder: 0,
    clock: openEvidenceClock(stateDir, clock),
    share: createShare(limits),
  };
  return {
    limits,
    open: () => openStore(state),
    begin: (folder, evidence) => begin(state, folder, evidence),
    settle(label, size, shared) {
      const entry = { name: label, ...size, shared: shared ?? null };
      state.kept?.push(entry);
      add(state, entry);
      state.share.take({ ...size, bytes: size.bytes + (shared?.bytes ?? 0) }, performance.now());
    },
    drop: async (folder, label) => void (await removeFlaggedTree(folder, label)),
    sameAs: (sha256) => state.same.get(sha256),
    remember(sha256, label) {
      state.same.delete(sha256);
      state.same.set(sha256, label);
      const [oldest] = state.same.size > rememberedDigests ? state.same.keys() : [];
      if (oldest !== undefined) state.same.delete(oldest);
    },
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
  { path, size, kind }: NewEvidence,
): Promise<Outcome<string>> {
  const kept = await knownKept(state, folder);
  const now = performance.now();
  if (state.share.isWhole(now)) state.stormOrder = state.order;
  if (kind === "file" && !state.share.has(size, now)) return { kind: "failed", errno: "EDQUOT" };
  const room = await makeRoom(state, folder, { kept, size });
  if (room.kind === "failed") return room;
  state.order += 1;
  const label = evidenceName(new Date().toISOString(), state.order, path);
  const made = attempt(() => mkdirSync(folder.child(label), { mode: 0o700 }));
  return made.kind === "failed" ? made : { kind: "done", value: label };
}

/** Removes what is too old, and the oldest until the new one fits. */
async function makeRoom(
  state: State,
  folder: OpenDirectory,
  { kept, size }: { kept: Kept[]; size: TreeSize },
): Promise<Outcome<null>> {
  const { limits, total, share, stormOrder } = state;
  if (size.files > limits.files || size.bytes > limits.bytes) return { kind: "failed", errno: "EFBIG" };
  const isOver = (): boolean =>
    total.files + size.files > limits.files || total.bytes + size.bytes > limits.bytes;
  const isWithin = share.has(size, performance.now());
  const oldUpTo = oldOrder(state);
  while (kept.length > 0 && (isOver() || isTooOld(kept[0], oldUpTo))) {
    const ofStorm = isWithin ? -1 : kept.findIndex(({ name }) => orderOf(name) > stormOrder);
    const removed = await remove(state, folder, { kept, index: Math.max(0, ofStorm) });
    if (removed.kind === "failed") return removed;
  }
  return { kind: "done", value: null };
}

async function remove(
  state: State,
  folder: OpenDirectory,
  { kept, index }: { kept: Kept[]; index: number },
): Promise<Outcome<null>> {
  const [gone] = index === 0 ? [kept.shift()] : kept.splice(index, 1);
  if (gone === undefined) return { kind: "done", value: null };
  subtract(state, gone);
  return removeFlaggedTree(folder, gone.name);
}

async function prune(state: State): Promise<void> {
  if (lstatSync(`${state.parent}/evidence`, { throwIfNoEntry: false }) === undefined) return;
  const opened = openStore(state);
  if (opened.kind === "failed") return;
  using folder = opened.value;
  const kept = await knownKept(state, folder);
  const oldUpTo = oldOrder(state);
  while (isTooOld(kept[0], oldUpTo)) {
    const removed = await remove(state, folder, { kept, index: 0 });
    if (removed.kind === "failed") return;
  }
}

function oldOrder({ clock, order, limits: { ageMs } }: State): number {
  return ageMs === undefined ? -1 : clock.oldUpTo(order, ageMs);
}

function isTooOld(kept: Kept | undefined, oldUpTo: number): boolean {
  return kept !== undefined && orderOf(kept.name) <= oldUpTo;
}

async function knownKept(state: State, folder: OpenDirectory): Promise<Kept[]> {
  if (state.kept !== null) return state.kept;
  state.kept = await readKept(state, folder);
  for (const entry of state.kept) add(state, entry);
  state.order = orderOf(state.kept.at(-1)?.name ?? "");
  state.stormOrder = state.order;
  return state.kept;
}

async function readKept({ limits }: State, folder: OpenDirectory): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const name of readdirSync(folder.child(".")).toSorted(byOrder)) {
    const measured = await measureTree(folder, name, { ...limits, countHoles: false });
    const size = measured.kind === "done" ? measured.value : limits;
    const shared = sharedOf(folder, name);
    const bytes = Math.max(0, size.bytes - (shared?.bytes ?? 0));
    kept.push({ name, files: size.files, bytes, shared });
  }
  return kept;
}

/** Null where the content is a folder, or nobody else's. */
export function sharedOf(folder: OpenDirectory, name: string): SharedBytes | null {
  const stats = attempt(() => lstatSync(folder.child(`${name}/content`)));
  if (stats.kind === "failed" || !stats.value.isFile()) return null;
  const { dev, ino, blocks } = stats.value;
  return { key: `${dev}:${ino}`, bytes: blocks * 512 };
}

function add({ total, holders }: State, { files, bytes, shared }: Kept): void {
  total.files += files;
  total.bytes += bytes;
  if (shared === null) return;
  const others = holders.get(shared.key) ?? 0;
  holders.set(shared.key, others + 1);
  if (others === 0) total.bytes += shared.bytes;
}

function subtract({ total, holders }: State, { files, bytes, shared }: Kept): void {
  total.files -= files;
  total.bytes -= bytes;
  if (shared === null) return;
  const others = (holders.get(shared.key) ?? 1) - 1;
  if (others > 0) holders.set(shared.key, others);
  else {
    holders.delete(shared.key);
    total.bytes -= shared.bytes;
  }
}
