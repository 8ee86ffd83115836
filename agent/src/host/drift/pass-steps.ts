/** SHELL. The steps of one look at /etc: mounts and leftovers, each checked and put back in a turn of its own. */
import type { DriftItem } from "@chimera/proto/drift";
import { coveredItem, staleItem } from "../../reconcile/drift/drift.ts";
import type { EtcMounts } from "../../reconcile/drift/mounts/covering-mounts.ts";
import type { Right } from "../../reconcile/drift/mounts/rightful-mounts.ts";
import { revertStubborn } from "./attributes/revert-attributes.ts";
import type { Responder } from "./drift-response.ts";
import { readFactsAt } from "./etc-facts.ts";
import { uncover } from "./mounts/uncover.ts";
import { alarm, isCurrent, revertContext, type GoesOn, type PassState, type Sweeping } from "./pass-state.ts";
import { removeStale, removeUnfinished } from "./revert-entry.ts";
import { findLeftovers } from "./sweep.ts";

/** First of all: what is below a mount is not what the closure put there. */
export async function sweepMounts(state: PassState, { expected, seen }: Sweeping): GoesOn {
  const { etcDir, mounts, responder, mountMode } = state;
  if (mountMode === "ignore") return true;
  const { covered, rights } = mounts.look(expected);
  for (const path of covered) {
    const since = performance.now();
    const item = coveredItem(path, expected.entries.get(path), await readFactsAt(etcDir, path));
    seen.add(item.path);
    const right = rights.get(path);
    if (right !== undefined || mountMode === "report") {
      tellCovered(responder, item, right);
      continue;
    }
    const request = {
      path: path === "" ? etcDir : `${etcDir}/${path}`,
      isCurrent: () => isCurrent(state, expected),
      isCovered: () => isForeignAt(mounts.look(expected), path),
    };
    const revert = () => uncover(request);
    const result = await state.turn(() => responder.respond({ item, since, revert }));
    if (result === "abandoned" || !isCurrent(state, expected)) return false;
  }
  return true;
}

function tellCovered(responder: Responder, item: DriftItem, right: Right | undefined): void {
  const stance = responder.stanceOf(item.path);
  if (stance.kind === "ignore") responder.noteClean(item.path);
  else if (right === undefined) responder.tell(item, { why: "drift.classes.mounts is report" });
  else responder.tell(item, right);
}

/** Below what somebody put there may lie what is there by right: that stays. */
function isForeignAt({ covered, rights }: EtcMounts, path: string): boolean {
  return covered.includes(path) && !rights.has(path);
}

export async function sweepStale(state: PassState, { expected, seen }: Sweeping): GoesOn {
  const { etcDir, scope, responder } = state;
  const { entries } = expected;
  const mounts = state.mounts.look(expected);
  const { stale, unfinished, gaps } = await findLeftovers({ etcDir, entries, scope, mounts });
  for (const { path, why } of gaps)
    alarm(state, "names-left-out", `leftovers in ${path} are not found: ${why}`);
  // In a turn no revert is under way, so what bears such a name then is nobody's work.
  if (state.mode === "revert" && !state.isHeld())
    for (const path of unfinished)
      await state.turn(() => removeUnfinished(revertContext(state, expected), path));
  for (const link of stale) {
    if (expected.undecided.has(link.path)) continue;
    const since = performance.now();
    const item = staleItem(link.path, { type: "symlink", target: link.target });
    seen.add(item.path);
    const context = revertContext(state, expected);
    const revert = () => revertStubborn(context, link.path, () => removeStale(context, link));
    const result = await state.turn(() => responder.respond({ item, since, revert }));
    if (result === "abandoned" && !isCurrent(state, expected)) return false;
  }
  return true;
}
