/** SHELL. Looks for whoever changed a file, after it was put back: nobody waits for it, and a storm is not searched through. */
import type { Culprit } from "@chimera/proto/drift-shown";
import { renameSync, writeFileSync } from "node:fs";
import { attempt } from "../../errno-outcome.ts";
import { temporaryName } from "../../temporary-name.ts";
import { openChild } from "../etc-directory.ts";
import { findCulprit } from "./culprit.ts";
import type { EvidenceStore } from "./evidence-store.ts";
import type { AuditSearch } from "./find-audited.ts";
import type { Inode } from "./inode.ts";
import { readAbout, type KeptFacts } from "./read-evidence.ts";

export interface Attribution {
  /** Notes beside the evidence who changed the file, and who was logged in. One search at a time, and not at once again. */
  begin(id: string, inode: Inode): void;
  settled(): Promise<void>;
}

/** A search reads the whole of /proc: in a storm it would cost more than the storm. */
const restMs = 500;

export function createAttribution(store: EvidenceStore, audit: AuditSearch): Attribution {
  let running: Promise<void> | null = null;
  let endedAt = -Infinity;
  return {
    begin(id, inode) {
      if (performance.now() - endedAt < restMs) return;
      running ??= search(store, audit, { id, inode }).finally(() => {
        running = null;
        endedAt = performance.now();
      });
    },
    settled: async () => {
      await running;
    },
  };
}

async function search(
  store: EvidenceStore,
  audit: AuditSearch,
  { id, inode }: { id: string; inode: Inode },
): Promise<void> {
  const about = await aboutOf(store, id);
  if (about === null) return;
  await note(store, id, await findCulprit(audit, { path: about.path, inode, atMs: Date.parse(about.at) }));
}

async function aboutOf(store: EvidenceStore, id: string): Promise<KeptFacts | null> {
  const opened = store.open();
  if (opened.kind === "failed") return null;
  using folder = opened.value;
  return readAbout(folder, id);
}

/** Evidence that made room meanwhile needs no note. */
export async function note(store: EvidenceStore, id: string, culprit: Culprit): Promise<void> {
  const opened = store.open();
  if (opened.kind === "failed") return;
  using folder = opened.value;
  const about = await readAbout(folder, id);
  if (about === null) return;
  const inner = openChild(folder.child(id));
  if (inner.kind === "failed") return;
  using place = inner.value;
  attempt(() => {
    const name = temporaryName();
    writeFileSync(place.child(name), JSON.stringify({ ...about, culprit }), { mode: 0o600, flag: "wx" });
    renameSync(place.child(name), place.child("about.json"));
  });
}
