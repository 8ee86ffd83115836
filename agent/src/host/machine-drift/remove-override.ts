/** SHELL. Takes exactly one name out of one of systemd's folders, inside the directory that was opened component by component. */
import { renameSync, rmdirSync, unlinkSync } from "node:fs";
import { revertFailure } from "../../reconcile/drift/revert-failure.ts";
import { attempt } from "../errno-outcome.ts";
import { temporaryName } from "../temporary-name.ts";
import { openDirectory, type OpenDirectory } from "../drift/etc-directory.ts";
import type { Evidence } from "../drift/evidence.ts";
import { evidenceFacts } from "../drift/evidence/evidenced.ts";
import type { PutBack } from "../drift/drift-response.ts";

export interface OverridePlace {
  /** Absolute, without links. */
  root: string;
  /** Of drop-ins, below the root; empty for a whole unit. */
  folder: string;
  /** As bytes (latin1): a name need not be text. */
  name: string;
}

export interface RemoveContext {
  evidence: Evidence;
  isCurrent: () => boolean;
}

export async function removeOverride(place: OverridePlace, context: RemoveContext): Promise<PutBack> {
  const opened = openDirectory(place.root, place.folder);
  if (opened.kind === "failed") return failed(opened.errno);
  using directory = opened.value;
  if (!context.isCurrent()) return { kind: "abandoned" };
  // From here on nobody can swap it, and systemd reads no file of such a name.
  const aside = temporaryName();
  const moved = attempt(() => renameSync(directory.childBytes(place.name), directory.child(aside)));
  if (moved.kind === "failed") return moved.errno === "ENOENT" ? { kind: "abandoned" } : failed(moved.errno);
  const kept = await keepFile(directory, aside, { place, evidence: context.evidence });
  const gone = attempt(() => unlinkSync(directory.child(aside)));
  if (gone.kind === "failed" && gone.errno !== "ENOENT") return failed(gone.errno);
  if (place.folder !== "") removeEmptyFolder(place);
  return { kind: "reverted", ...kept };
}

/** Only a file has content of its own; one that cannot be kept is given up, as in /etc. */
async function keepFile(
  directory: OpenDirectory,
  name: string,
  { place, evidence }: { place: OverridePlace; evidence: Evidence },
): Promise<{ evidence: string | null; notes: string[] }> {
  const path = shownPath(place);
  const kept = await evidence.keepFile({
    directory,
    name,
    path,
    root: "/",
    below: path.slice(1),
    declared: null,
  });
  if (kept.kind === "kept") evidence.attribute(kept);
  return evidenceFacts(kept);
}

/** Absolute, as text; what is no text is shown as it is usual for bytes. */
export function shownPath({ root, folder, name }: OverridePlace): string {
  const shown = Buffer.from(name, "latin1").toString("utf8");
  return [root, folder, shown].filter((part) => part !== "").join("/");
}

function removeEmptyFolder({ root, folder }: OverridePlace): void {
  const opened = openDirectory(root, "");
  if (opened.kind === "failed") return;
  using directory = opened.value;
  // Another drop-in is in it: then it stays.
  attempt(() => rmdirSync(directory.child(folder)));
}

function failed(errno: string): PutBack {
  return { kind: "failed", ...revertFailure(errno) };
}
