/**
 * SHELL. What reverts left in an overlay's upper directory. A revert writes through /etc, since the kernel calls the result of
 * a change beneath a mounted overlay undefined; so it leaves an entry there that equals the lower one, and the next
 * system's lower one is hidden by it. That is nobody's tampering, and is told apart by this record.
 */
import { EntryFacts } from "@chimera/proto/drift";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { attempt } from "../../errno-outcome.ts";
import { peekStateFile } from "../../state/state-file.ts";

/** Beyond these the oldest are forgotten; what they left is then told as drift after a switch, and put back. */
const mostEntries = 4096;

const Restored = z.object({
  v: z.literal(1),
  entries: z.array(z.object({ path: z.string().max(4096), tree: z.string().max(4096), facts: EntryFacts })),
});
type RestoredEntry = z.infer<typeof Restored>["entries"][number];

export interface RestoredRecord {
  note(entry: RestoredEntry): void;
  forget(path: string): void;
  /** True when exactly this was put back at `path` for an earlier tree than `tree`. */
  isLeftover(path: string, tree: string, found: EntryFacts): boolean;
  all(): readonly RestoredEntry[];
  /** A record that cannot be written costs an event after the next switch, and nothing else. */
  save(): void;
}

export function openRestored(stateDir: string): RestoredRecord {
  const path = `${stateDir}/etc-restored.json`;
  const known = peekStateFile(path, Restored)?.entries ?? [];
  const entries = new Map(known.map((entry) => [entry.path, entry]));
  let isChanged = false;
  return {
    note(entry) {
      entries.delete(entry.path);
      entries.set(entry.path, entry);
      for (const [oldest] of entries) {
        if (entries.size <= mostEntries) break;
        entries.delete(oldest);
      }
      isChanged = true;
    },
    forget(name) {
      isChanged = entries.delete(name) || isChanged;
    },
    isLeftover(name, tree, found) {
      const entry = entries.get(name);
      return entry !== undefined && entry.tree !== tree && hasFacts(found, entry.facts);
    },
    all: () => [...entries.values()],
    save() {
      if (!isChanged) return;
      isChanged = false;
      attempt(() => {
        mkdirSync(stateDir, { recursive: true, mode: 0o700 });
        writeFileSync(`${path}.new`, JSON.stringify({ v: 1, entries: [...entries.values()] }), {
          mode: 0o600,
        });
        renameSync(`${path}.new`, path);
      });
    },
  };
}

function hasFacts(found: EntryFacts, wanted: EntryFacts): boolean {
  return (
    found.type === wanted.type &&
    found.target === wanted.target &&
    found.sha256 === wanted.sha256 &&
    (wanted.mode === undefined || found.mode === wanted.mode)
  );
}
