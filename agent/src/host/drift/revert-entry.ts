/** SHELL. Puts exactly one entry of /etc back, inside the directory that was opened component by component. */
import {
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  type Stats,
} from "node:fs";
import type { Digest } from "@chimera/proto/names";
import type { ExpectedEntry, ExpectedFile, OwnerIds } from "../../reconcile/drift/etc-entry.ts";
import { revertFailure, type RevertFailureCode } from "../../reconcile/drift/revert-failure.ts";
import { attempt, type Outcome } from "../errno-outcome.ts";
import { removeFlaggedTree } from "./attributes/clear-attributes.ts";
import { closeFolder } from "./close-folder.ts";
import { isStillAt, openChild, openDirectory, type OpenDirectory } from "./etc-directory.ts";
import type { Evidence, Keeping } from "./evidence.ts";
import { evidenceFacts, type Evidenced } from "./evidence/evidenced.ts";
import type { FileKeeping } from "./evidence/keep-file.ts";
import { temporaryName } from "../temporary-name.ts";
import type { StaleLink } from "./sweep.ts";
import { writeCopy, writeText } from "./write-copy.ts";

export type RevertOutcome =
  /** `notes`: what else had to be done for it, in words. */
  | { kind: "reverted"; evidence: string | null; notes: readonly string[] }
  /** The system changed, or begins to: what was expected may be wrong by now. */
  | { kind: "abandoned" }
  | { kind: "failed"; errno: string; code: RevertFailureCode; message: string };

export interface RevertContext {
  etcDir: string;
  /** How events call that folder; without it, /etc. */
  shownDir?: string;
  evidence: Evidence;
  /** Asked last before the change: false ends the revert without one. */
  isCurrent: () => boolean;
  /** False for a directory in a mount that somebody put over /etc: what is written there is not written to /etc. */
  isWritable: (directory: OpenDirectory) => boolean;
}

export interface Place {
  context: RevertContext;
  directory: OpenDirectory;
  name: string;
  path: string;
  /** Of the declared file: the same bytes need not be kept. */
  declared: Digest | null;
}

export async function revertEntry(
  context: RevertContext,
  entry: ExpectedEntry,
  ids: OwnerIds,
): Promise<RevertOutcome> {
  const declared = entry.kind === "file" ? entry.sha256 : null;
  return inPlace(context, entry.path, async (found) => {
    const place = { ...found, declared };
    switch (entry.kind) {
      case "directory":
        return putDirectory(place);
      case "link":
        return putPrepared(place, async (name) =>
          attempt(() => symlinkSync(entry.target, place.directory.child(name))),
        );
      case "file":
        return putPrepared(place, (name) => prepareFile(place, { name, entry, ids }));
    }
  });
}

/** Removes a link of an earlier generation, if it still is that link. */
export async function removeStale(
  context: RevertContext,
  { path, target: expected }: StaleLink,
): Promise<RevertOutcome> {
  return inPlace(context, path, async ({ directory, name }) => {
    const target = attempt(() => readlinkSync(directory.child(name)));
    if (target.kind === "failed" || target.value !== expected) return { kind: "abandoned" };
    if (!context.isCurrent()) return { kind: "abandoned" };
    return toOutcome(attempt(() => unlinkSync(directory.child(name))));
  });
}

/** Removes a file or a link. */
export async function removeEntry(context: RevertContext, path: string): Promise<RevertOutcome> {
  return inPlace(context, path, async ({ directory, name }) => {
    if (!context.isCurrent()) return { kind: "abandoned" };
    return toOutcome(attempt(() => unlinkSync(directory.child(name))));
  });
}

/** Removes what a revert that was cut off left under a temporary name; its evidence was kept before. */
export async function removeUnfinished(context: RevertContext, path: string): Promise<RevertOutcome> {
  return inPlace(context, path, async ({ directory, name }) => {
    if (!context.isCurrent()) return { kind: "abandoned" };
    return toOutcome(await removeFlaggedTree(directory, name));
  });
}

/** `act` works inside the open directory; that the directory is still where it was is looked at afterwards. */
export async function inPlace(
  context: RevertContext,
  path: string,
  act: (place: Place) => Promise<RevertOutcome>,
): Promise<RevertOutcome> {
  const slash = path.lastIndexOf("/");
  const parent = slash < 0 ? "" : path.slice(0, slash);
  const opened = openDirectory(context.etcDir, parent);
  if (opened.kind === "failed") return failed(opened.errno);
  using directory = opened.value;
  if (!context.isWritable(directory)) return failed("EXDEV");
  const outcome = await act({ context, directory, name: path.slice(slash + 1), path, declared: null });
  return outcome.kind !== "reverted" || isStillAt(directory, context.etcDir, parent)
    ? outcome
    : failed("ESTALE");
}

/** The new entry is made under another name and renamed over the old one: nobody sees half of it. */
async function putPrepared(
  place: Place,
  prepare: (name: string) => Promise<Outcome<unknown>>,
): Promise<RevertOutcome> {
  const { directory, name, context } = place;
  const prepared = temporaryName();
  const made = await prepare(prepared);
  const outcome = made.kind === "failed" ? failed(made.errno) : await putOver(place, prepared);
  if (outcome.kind !== "reverted") attempt(() => unlinkSync(directory.child(prepared)));
  return outcome;

  async function putOver(at: Place, from: string): Promise<RevertOutcome> {
    const rename = (): Outcome<void> =>
      attempt(() => renameSync(directory.child(from), directory.child(name)));
    const kept = await keepContent(at);
    if (!context.isCurrent()) return { kind: "abandoned" };
    const renamed = rename();
    if (kept.kind === "kept") context.evidence.attribute(kept);
    if (renamed.kind === "done" || !isDirectoryInTheWay(renamed.errno)) return toOutcome(renamed, kept);
    const displaced = await displace(at);
    if (displaced.kind !== "displaced") return displaced;
    return displaced.finish(rename);
  }
}

/** What differs must not stay because there is no room for evidence: then there is none. */
function keepContent({ context, ...place }: Place): Promise<FileKeeping> {
  const { etcDir, shownDir = "/etc", evidence } = context;
  const [path, below] = [`${shownDir}/${place.path}`, place.path];
  return evidence.keepFile({ ...place, path, root: etcDir, below });
}

function isDirectoryInTheWay(errno: string): boolean {
  return errno === "EISDIR" || errno === "ENOTEMPTY" || errno === "EEXIST";
}

async function prepareFile(
  { directory }: Place,
  { name, entry, ids }: { name: string; entry: ExpectedFile; ids: OwnerIds },
): Promise<Outcome<unknown>> {
  // A name that the user database does not know: root, as activation does.
  const owner = { uid: ids.uid ?? 0, gid: ids.gid ?? 0 };
  const mode = entry.mode ?? 0o644;
  if (entry.text !== undefined) return writeText(directory.child(name), entry.text, { ...owner, mode });
  return writeCopy(directory.child(name), { ...entry, ...owner, mode });
}

async function putDirectory(place: Place): Promise<RevertOutcome> {
  const { directory, name, context } = place;
  if (!context.isCurrent()) return { kind: "abandoned" };
  const made = makeDirectory(directory, name);
  if (made.kind === "done" || made.errno !== "EEXIST") return toOutcome(made);
  if (lstatSync(directory.child(name), { throwIfNoEntry: false })?.isDirectory() === true)
    return toOutcome(closeFolder(directory.child(name)));
  const displaced = await displace(place);
  if (displaced.kind !== "displaced") return displaced;
  return displaced.finish(() => makeDirectory(directory, name));
}

/** The mode is set on the descriptor: the process's umask may be tight. */
function makeDirectory(directory: OpenDirectory, name: string): Outcome<void> {
  const made = attempt(() => mkdirSync(directory.child(name), { mode: 0o755 }));
  if (made.kind === "failed") return made;
  const opened = openChild(directory.child(name));
  if (opened.kind === "failed") return opened;
  using folder = opened.value;
  return attempt(() => {
    fchownSync(folder.fd, 0, 0);
    fchmodSync(folder.fd, 0o755);
  });
}

type Displacing =
  | { kind: "displaced"; finish: (put: () => Outcome<void>) => Promise<RevertOutcome> }
  | Exclude<RevertOutcome, { kind: "reverted" }>;

/** Makes the name free. What has content of its own is kept as evidence first; a link has none. */
async function displace(place: Place): Promise<Displacing> {
  const { directory, name } = place;
  const stats = lstatSync(directory.child(name), { throwIfNoEntry: false });
  if (stats === undefined) return { kind: "displaced", finish: async (put) => toOutcome(put()) };
  const kept = await keepWhole(place, stats);
  if (kept.kind === "refused") return failed(kept.errno);
  if (kept.kind === "moved") return { kind: "displaced", finish: async (put) => toOutcome(put(), kept) };
  return moveAside(place, kept.kind === "lost" ? { kind: "refused", errno: kept.errno } : kept);
}

/** A directory is never given up for lack of room; a file in the way is. */
async function keepWhole(place: Place, stats: Stats): Promise<Keeping | Lost | { kind: "nothing" }> {
  if (stats.isDirectory()) return place.context.evidence.keep(place.directory, place.name, place.path);
  const kept = await keepContent(place);
  if (kept.kind === "refused") return { kind: "lost", errno: kept.errno };
  if (kept.kind === "nothing") return kept;
  place.context.evidence.attribute(kept);
  return { kind: "copied", id: kept.id };
}

interface Lost {
  kind: "lost";
  errno: string;
}

function moveAside({ context, directory, name }: Place, evidence: Evidenced): Displacing {
  if (!context.isCurrent()) return { kind: "abandoned" };
  const aside = temporaryName();
  const moved = attempt(() => renameSync(directory.child(name), directory.child(aside)));
  if (moved.kind === "failed" && moved.errno !== "ENOENT") return failed(moved.errno);
  return {
    kind: "displaced",
    finish: async (put) => {
      const done = put();
      const removed = await removeFlaggedTree(directory, aside);
      return toOutcome(done.kind === "failed" ? done : removed, evidence);
    },
  };
}

function toOutcome(outcome: Outcome<unknown>, evidence: Evidenced = { kind: "nothing" }): RevertOutcome {
  return outcome.kind === "failed" ? failed(outcome.errno) : reverted(evidence);
}

function reverted(evidence: Evidenced): RevertOutcome {
  return { kind: "reverted", ...evidenceFacts(evidence) };
}

function failed(errno: string): Extract<RevertOutcome, { kind: "failed" }> {
  return { kind: "failed", errno, ...revertFailure(errno) };
}
