/** SHELL. Keeps what somebody put in the place of a managed entry: files are copied; folders moved, or copied from another file system. */
import { lstatSync, renameSync } from "node:fs";
import { attempt } from "../errno-outcome.ts";
import type { OpenDirectory } from "./etc-directory.ts";
import type { Culprit } from "@chimera/proto/drift-shown";
import type { BootClock } from "./evidence/evidence-clock.ts";
import { createAttribution, note } from "./evidence/attribute.ts";
import { findCulprit } from "./evidence/culprit.ts";
import { createEvidenceStore, evidenceLimits } from "./evidence/evidence-store.ts";
import type { EvidenceLimits, EvidenceStore } from "./evidence/evidence-store.ts";
import { createAuditSearch, type AuditSearch, type FoundFile } from "./evidence/find-audited.ts";
import { keepFile, type FileInPlace, type FileKeeping } from "./evidence/keep-file.ts";
import { listEvidence, readEvidence, type KeptFacts } from "./evidence/read-evidence.ts";
import { copyTree, measureTree, type TreeSize } from "./tree.ts";

export type Keeping =
  /** The name in the directory is free now. */
  | { kind: "moved"; id: string }
  /** The original is still there. */
  | { kind: "copied"; id: string }
  | { kind: "refused"; errno: string };

export interface Evidence {
  /** For a folder; `path` names it below /etc, for whoever reads the evidence. */
  keep(directory: OpenDirectory, name: string, path: string): Promise<Keeping>;
  /** Of a file: its bytes as far as a bound, and what it was. It stays where it is. */
  keepFile(place: FileInPlace): Promise<FileKeeping>;
  /** After the file was replaced: who had it open, and who was logged in, is noted beside it in a while. */
  attribute(kept: Extract<FileKeeping, { kind: "kept" }>): void;
  /** When nothing is being noted. */
  settled(): Promise<void>;
  /** Of an absolute path, the newest first. */
  list(path: string): Promise<KeptFacts[]>;
  /** Of a file that is still there. */
  culpritOf(found: FoundFile): Promise<Culprit>;
  /** The same of a kept one, with what the audit says of it by now. */
  audited(kept: KeptFacts): Promise<KeptFacts>;
  /** The first bytes of a kept file. */
  read(id: string, maxBytes: number): Promise<Buffer | null>;
  /** Removes what is too old. */
  prune(): Promise<void>;
}

export interface EvidenceParts {
  audit?: AuditSearch;
  /** Another one in tests. */
  clock?: BootClock;
}

export function createEvidence(
  stateDir: string,
  limits: EvidenceLimits = evidenceLimits,
  { audit = createAuditSearch(), clock }: EvidenceParts = {},
): Evidence {
  const store = createEvidenceStore(stateDir, limits, clock);
  const attribution = createAttribution(store, audit);
  return {
    keep: (directory, name, path) => keep(store, directory, { name, path }),
    keepFile: (place) => keepFile(store, place),
    attribute: ({ id, inode }) => attribution.begin(id, inode),
    settled: () => attribution.settled(),
    list: (path) => listEvidence(store, path),
    culpritOf: (found) => findCulprit(audit, found),
    audited: (kept) => withAudit(store, audit, kept),
    read: (id, maxBytes) => readEvidence(store, id, maxBytes),
    prune: () => store.prune(),
  };
}

/** Of evidence that was searched for when there was no time, or that auditd wrote of late. */
async function withAudit(store: EvidenceStore, audit: AuditSearch, kept: KeptFacts): Promise<KeptFacts> {
  const { id, path, inode, culprit } = kept;
  if (inode === undefined || culprit?.audit !== undefined) return kept;
  const audited = await audit.find({ path, inode, atMs: Date.parse(kept.at) });
  if (audited === null) return kept;
  const known: Culprit = { by: { kind: "unknown" }, loggedIn: [], ...culprit, audit: audited };
  await note(store, id, known);
  return { ...kept, culprit: known };
}

async function keep(
  store: EvidenceStore,
  directory: OpenDirectory,
  { name, path }: { name: string; path: string },
): Promise<Keeping> {
  const opened = store.open();
  if (opened.kind === "failed") return { kind: "refused", errno: opened.errno };
  using folder = opened.value;
  const { limits } = store;
  const isCopy = lstatSync(directory.child(".")).dev !== lstatSync(folder.child(".")).dev;
  const size = await measureTree(directory, name, { ...limits, countHoles: isCopy });
  if (size.kind === "failed") return { kind: "refused", errno: size.errno };
  const begun = await store.begin(folder, { path, size: size.value, kind: "folder" });
  if (begun.kind === "failed") return { kind: "refused", errno: begun.errno };
  return keepIn(store, { folder, label: begun.value }, { directory, name, size: size.value });
}

async function keepIn(
  store: EvidenceStore,
  { folder, label }: { folder: OpenDirectory; label: string },
  { directory, name, size }: { directory: OpenDirectory; name: string; size: TreeSize },
): Promise<Keeping> {
  const moved = attempt(() => renameSync(directory.child(name), folder.child(`${label}/content`)));
  if (moved.kind === "done") {
    store.settle(label, size);
    return { kind: "moved", id: label };
  }
  const target = { parent: folder, name: `${label}/content` };
  const copied =
    moved.errno === "EXDEV" ? await copyTree({ parent: directory, name }, target, store.limits.bytes) : moved;
  if (copied.kind === "done") {
    store.settle(label, size);
    return { kind: "copied", id: label };
  }
  await store.drop(folder, label);
  return { kind: "refused", errno: copied.errno };
}
