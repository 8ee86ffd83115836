/** SHELL. Brings what earlier reverts left in an overlay up to the system that is active now, without an event. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { etcPath, type ExpectedEntry } from "../../../reconcile/drift/etc-entry.ts";
import type { Responded } from "../drift-response.ts";
import type { ExpectedEtc } from "../etc-expected.ts";
import { readFactsAt } from "../etc-facts.ts";
import { isCurrent, revertContext, type PassState } from "../pass-state.ts";
import { removeEntry, type RevertOutcome } from "../revert-entry.ts";

interface FoundEntry {
  expected: ExpectedEtc;
  entry: ExpectedEntry;
  item: DriftItem;
}

/** `null` when it is no leftover of ours, or could not be put back: then it is drift like any other. */
export async function refreshLeftover(
  state: PassState,
  { expected, entry, item }: FoundEntry,
  revert: () => Promise<RevertOutcome>,
): Promise<Responded | null> {
  if (expected.layout.kind === "classic" || !mayChange(state, item.path)) return null;
  if (!state.restored.isLeftover(entry.path, expected.tree, item.found)) return null;
  const outcome = await revert();
  if (outcome.kind !== "reverted") return outcome.kind === "abandoned" ? "abandoned" : null;
  noteRestored(state, { expected, entry, item });
  state.responder.noteClean(item.path);
  state.log.info({ path: item.path }, "earlier restoration was brought up to date");
  return "reverted";
}

/** After a revert; a directory has nothing that could hide the next system's. */
export function noteRestored(state: PassState, { expected, entry, item }: FoundEntry): void {
  if (expected.layout.kind === "classic" || entry.kind === "directory") return;
  state.restored.note({ path: entry.path, tree: expected.tree, facts: item.expected });
}

/** What the active system does not declare any more; in the classic layout activation and stale links see to it. */
export async function removeLeftovers(state: PassState, expected: ExpectedEtc): Promise<void> {
  if (expected.layout.kind === "classic") return;
  for (const { path, tree, facts } of state.restored.all()) {
    if (tree === expected.tree || expected.entries.has(path) || expected.undecided.has(path)) continue;
    if (!mayChange(state, etcPath(path))) continue;
    await state.turn(() => removeLeftover(state, { expected, path, facts }));
  }
  state.restored.save();
}

async function removeLeftover(
  state: PassState,
  { expected, path, facts }: { expected: ExpectedEtc; path: string; facts: EntryFacts },
): Promise<void> {
  if (!isCurrent(state, expected)) return;
  const found = await readFactsAt(state.etcDir, path, facts.size ?? null);
  if (state.restored.isLeftover(path, expected.tree, found)) {
    const outcome = await removeEntry(revertContext(state, expected), path);
    if (outcome.kind !== "reverted") return;
    state.log.info({ path: etcPath(path) }, "earlier restoration was removed");
  }
  state.restored.forget(path);
}

function mayChange({ responder }: PassState, path: string): boolean {
  return responder.stanceOf(path).kind === "revert";
}
