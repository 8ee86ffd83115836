/**
 * SHELL. /etc/.clean, by which the next activation deletes: a line too many costs a machine a file, one too few leaves a copy.
 * An activation by hand holds no lock and appends to it while it runs, so only what two sweeps found is a difference.
 */
import { createHash } from "node:crypto";
import { Digest } from "@chimera/proto/names";
import type { ExpectedFile } from "../../reconcile/drift/etc-entry.ts";
import { checkEntry } from "./check-entry.ts";
import type { ExpectedEtc } from "./etc-expected.ts";
import { isCurrent, revertContext, type PassState } from "./pass-state.ts";
import { revertStubborn } from "./attributes/revert-attributes.ts";
import { revertEntry } from "./revert-entry.ts";

/** False when the look must be given up. */
export async function sweepCleanList(
  state: PassState,
  { expected, seen }: { expected: ExpectedEtc; seen: Set<string> },
): Promise<boolean> {
  const { cleanList, entries } = expected;
  const entry = cleanList === null ? null : cleanEntry(cleanList);
  // Whoever leaves /etc/static to others has another activation than ours.
  if (entry === null || !entries.has("static") || !state.scope.isCompared(entry)) return true;
  const checked = await checkEntry(state.etcDir, entry);
  seen.add("/etc/.clean");
  if (checked.kind !== "drifted") {
    state.cleanDiffered = null;
    if (checked.kind === "clean") state.responder.noteClean("/etc/.clean");
    return true;
  }
  const { item, ids } = checked;
  const now = JSON.stringify(item.found);
  const isOld = state.cleanDiffered === now;
  state.cleanDiffered = now;
  if (!isOld) return true;
  const context = revertContext(state, expected);
  const revert = () => revertStubborn(context, entry.path, () => revertEntry(context, entry, ids));
  const result = await state.turn(() => state.responder.respond({ item, since: performance.now(), revert }));
  return result !== "abandoned" || isCurrent(state, expected);
}

export function cleanEntry(text: string): ExpectedFile {
  const sha256 = Digest.parse(createHash("sha256").update(text).digest("hex"));
  const source = "the list of copied entries";
  return {
    kind: "file",
    path: ".clean",
    source,
    text,
    size: Buffer.byteLength(text),
    sha256,
    mode: null,
    owner: 0,
    group: 0,
  };
}
