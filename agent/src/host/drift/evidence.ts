/** SHELL. Keeps what somebody put in the place of a managed entry: moved, or copied from another file system. */
import { lstatSync, mkdirSync, readdirSync, realpathSync, renameSync } from "node:fs";
import { attempt, type Outcome } from "../errno-outcome.ts";
import { openDirectory, type OpenDirectory } from "./etc-directory.ts";
import { removeFlaggedTree } from "./attributes/clear-attributes.ts";
import { copyTree, measureTree, type TreeSize } from "./tree.ts";

export type EvidenceLimits = TreeSize;

/** What all evidence together may take. */
const evidenceLimits: EvidenceLimits = { files: 50_000, bytes: 256 * 1024 * 1024 };

export type Keeping =
  /** The name in the directory is free now. */
  | { kind: "moved"; at: string }
  /** The original is still there. */
  | { kind: "copied"; at: string }
  | { kind: "refused"; errno: string };

export interface Evidence {
  /** `path` names it below /etc, for whoever reads the evidence. */
  keep(directory: OpenDirectory, name: string, path: string): Promise<Keeping>;
}

interface Kept extends TreeSize {
  name: string;
}

interface Store {
  folder: string;
  limits: EvidenceLimits;
  /** Oldest first; read from the disk when it is first needed. */
  kept: Kept[] | null;
  /** Tells two of one millisecond apart. */
  sequence: number;
}

export function createEvidence(stateDir: string, limits: EvidenceLimits = evidenceLimits): Evidence {
  const store: Store = { folder: `${stateDir}/evidence`, limits, kept: null, sequence: 0 };
  return {
    async keep(directory, name, path) {
      const opened = openStore(store);
      if (opened.kind === "failed") return { kind: "refused", errno: opened.errno };
      using folder = opened.value;
      const isCopy = lstatSync(directory.child(".")).dev !== lstatSync(folder.child(".")).dev;
      const size = await measureTree(directory, name, { ...limits, countHoles: isCopy });
      if (size.kind === "failed") return { kind: "refused", errno: size.errno };
      const room = await makeRoom(store, folder, size.value);
      if (room.kind === "failed") return { kind: "refused", errno: room.errno };
      return keepIn({ store, folder }, { directory, name, path, size: size.value });
    },
  };
}

function openStore(store: Store): Outcome<OpenDirectory> {
  const made = attempt(() => mkdirSync(store.folder, { recursive: true, mode: 0o700 }));
  if (made.kind === "failed") return made;
  const real = attempt(() => realpathSync(store.folder));
  return real.kind === "failed" ? real : openDirectory(real.value, "");
}

async function keepIn(
  { store, folder }: { store: Store; folder: OpenDirectory },
  { directory, name, path, size }: { directory: OpenDirectory; name: string; path: string; size: TreeSize },
): Promise<Keeping> {
  store.sequence = (store.sequence + 1) % 10_000;
  const label = evidenceName(store.sequence, path);
  const made = attempt(() => mkdirSync(folder.child(label), { mode: 0o700 }));
  if (made.kind === "failed") return { kind: "refused", errno: made.errno };
  store.kept?.push({ name: label, ...size });
  const at = `${store.folder}/${label}/content`;
  const moved = attempt(() => renameSync(directory.child(name), folder.child(`${label}/content`)));
  if (moved.kind === "done") return { kind: "moved", at };
  const copied =
    moved.errno === "EXDEV"
      ? await copyTree(
          { parent: directory, name },
          { parent: folder, name: `${label}/content` },
          store.limits.bytes,
        )
      : moved;
  if (copied.kind === "done") return { kind: "copied", at };
  await removeFlaggedTree(folder, label);
  store.kept?.pop();
  return { kind: "refused", errno: copied.errno };
}

/** Removes the oldest until the new one fits. */
async function makeRoom(store: Store, folder: OpenDirectory, size: TreeSize): Promise<Outcome<null>> {
  const { limits } = store;
  if (size.files > limits.files || size.bytes > limits.bytes) return { kind: "failed", errno: "EFBIG" };
  const kept = store.kept ?? (await readKept(store, folder));
  store.kept = kept;
  while (kept.length > 0 && !fits(kept, size, limits)) {
    const oldest = kept.shift();
    const removed = oldest === undefined ? null : await removeFlaggedTree(folder, oldest.name);
    if (removed?.kind === "failed") return removed;
  }
  return { kind: "done", value: null };
}

function fits(kept: readonly Kept[], size: TreeSize, limits: EvidenceLimits): boolean {
  const files = kept.reduce((sum, entry) => sum + entry.files, size.files);
  const bytes = kept.reduce((sum, entry) => sum + entry.bytes, size.bytes);
  return files <= limits.files && bytes <= limits.bytes;
}

/** The names begin with their time, so that sorted by name is oldest first. */
async function readKept({ limits }: Store, folder: OpenDirectory): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const name of readdirSync(folder.child(".")).toSorted()) {
    const size = await measureTree(folder, name, { ...limits, countHoles: false });
    kept.push({ name, ...(size.kind === "done" ? size.value : limits) });
  }
  return kept;
}

/** `2026-11-23T13-20-16-123Z-0001-ssh_sshd_config`: legible, and safe as a file name whatever the path holds. */
function evidenceName(sequence: number, path: string): string {
  const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const safe = path.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
  return `${time}-${String(sequence).padStart(4, "0")}-${safe}`;
}
