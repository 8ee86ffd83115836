/** SHELL. The names of a folder in which anybody may have made millions: all are read, in pieces, and few are kept. */
import { opendirSync, type Dir, type Dirent } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { openDirectory } from "../drift/etc-directory.ts";
import { attempt, type Outcome } from "../errno-outcome.ts";

export interface NameLimits {
  /** Names read in one folder. */
  read: number;
  /** Names kept of them. */
  kept: number;
}

export const nameLimits: NameLimits = { read: 1_000_000, kept: 4096 };

export interface ListedNames {
  /** Names as bytes (latin1). */
  entries: Dirent[];
  /** True where there are more names than were read, or more that matter than were kept. */
  isCut: boolean;
}

interface Listing {
  root: string;
  /** Below it; empty for the root itself. */
  folder: string;
  limits: NameLimits;
  /** Asked of each name, as text. */
  matters: (name: string, entry: Dirent) => boolean;
}

export async function listNames({ root, folder, limits, matters }: Listing): Promise<Outcome<ListedNames>> {
  const opened = openDirectory(root, folder);
  if (opened.kind === "failed") return opened;
  using directory = opened.value;
  const opening = attempt(() => opendirSync(directory.child("."), { encoding: "latin1", bufferSize: 1024 }));
  if (opening.kind === "failed") return opening;
  using names = opening.value;
  const listed: ListedNames = { entries: [], isCut: false };
  for (let count = 0; count < limits.read; count += piece) {
    const read = attempt(() => readPiece(names, Math.min(piece, limits.read - count)));
    if (read.kind === "failed") return read;
    for (const entry of read.value.filter((one) => matters(textOf(one.name), one))) {
      if (listed.entries.length === limits.kept) return { kind: "done", value: { ...listed, isCut: true } };
      listed.entries.push(entry);
    }
    if (read.value.length < piece) break;
    await nextTurn();
  }
  const after = attempt(() => names.readSync());
  if (after.kind === "failed") return after;
  return { kind: "done", value: { ...listed, isCut: after.value !== null } };
}

/** Read in one go; others have a turn after it. */
const piece = 4096;

function readPiece(names: Dir, most: number): Dirent[] {
  const entries: Dirent[] = [];
  while (entries.length < most) {
    const next = names.readSync();
    if (next === null) break;
    entries.push(next);
  }
  return entries;
}

export function textOf(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}
