/** SHELL. Reads what was kept of one path: facts of the newest, and the bytes of one of them. */
import { EvidenceFacts } from "@chimera/proto/drift-shown";
import { readdirSync } from "node:fs";
import type { z } from "zod";
import { attempt } from "../../errno-outcome.ts";
import { openChild, type OpenDirectory } from "../etc-directory.ts";
import { byOrder, labelOf } from "../../../reconcile/drift/evidence/evidence-name.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import { Inode } from "./inode.ts";
import { readBytes } from "./read-bytes.ts";

const shownNewest = 16;
const aboutBytes = 64 * 1024;

/** As it lies on the disk; evidence that an earlier agent kept has no inode. */
const KeptFacts = EvidenceFacts.extend({ inode: Inode.optional() });
export type KeptFacts = z.infer<typeof KeptFacts>;

/** Newest first. */
export async function listEvidence(store: EvidenceStore, path: string): Promise<KeptFacts[]> {
  const opened = store.open();
  if (opened.kind === "failed") return [];
  using folder = opened.value;
  const listed = attempt(() => readdirSync(folder.child(".")));
  const names = listed.kind === "done" ? listed.value : [];
  const found: KeptFacts[] = [];
  for (const name of names.toSorted(byOrder).toReversed()) {
    if (found.length === shownNewest) break;
    if (!name.endsWith(`-${labelOf(path)}`)) continue;
    const about = await readAbout(folder, name);
    // Two paths may have one legible name.
    if (about?.path === path && about.id === name) found.push(about);
  }
  return found;
}

/** The first bytes of what was kept; null where nothing of that id is. */
export async function readEvidence(
  store: EvidenceStore,
  id: string,
  maxBytes: number,
): Promise<Buffer | null> {
  const opened = store.open();
  if (opened.kind === "failed") return null;
  using folder = opened.value;
  return readIn(folder, { id, name: "content" }, maxBytes);
}

/** Null where nothing legible is written about it. */
export async function readAbout(folder: OpenDirectory, id: string): Promise<KeptFacts | null> {
  const text = await readIn(folder, { id, name: "about.json" }, aboutBytes);
  if (text === null) return null;
  try {
    const about = KeptFacts.safeParse(JSON.parse(text.toString("utf8")));
    return about.success ? about.data : null;
  } catch {
    return null;
  }
}

/** No link on the way: the folder is root's, and still nobody leads a read out of it. */
async function readIn(
  folder: OpenDirectory,
  { id, name }: { id: string; name: string },
  maxBytes: number,
): Promise<Buffer | null> {
  if (id.includes("/") || id.startsWith(".")) return null;
  const opened = openChild(folder.child(id));
  if (opened.kind === "failed") return null;
  using inner = opened.value;
  return (await readBytes(inner.child(name), maxBytes))?.bytes ?? null;
}
