/** PURE. Whether this boot may be called complete, by what the journal says. */
import type { StorePath } from "@chimera/proto/names";
import type { Journal, Step } from "../journal.ts";

export type Gate = { kind: "open"; reason: string } | { kind: "shut"; reason: string } | { kind: "wait" };

/** The system that was booted still has to prove itself, or to be found by whoever recovers. */
const unproven: ReadonlySet<Step> = new Set<Step>(["rebooting", "arming", "probation"]);

export function judgeGate(
  journal: Journal | null,
  { bootId, current }: { bootId: string; current: StorePath | null },
): Gate {
  if (journal === null) return { kind: "open", reason: "nothing was ordered" };
  const { step, toplevel, problem } = journal;
  const elsewhere = otherwiseProven(journal, current);
  if (elsewhere !== null) return { kind: "open", reason: elsewhere };
  if (step === "committed" || step === "committing") return { kind: "open", reason: `${step}: ${toplevel}` };
  // What an earlier boot left behind is for whoever recovers.
  if (unproven.has(step) || journal.bootId !== bootId) return { kind: "wait" };
  return { kind: "shut", reason: `${step}: ${problem?.message ?? toplevel}` };
}

/** Why this boot needs no proof of the journal's; null where it does. */
function otherwiseProven({ toplevel, lastCommitted }: Journal, current: StorePath | null): string | null {
  if (current === null) return null;
  if (current === lastCommitted) return `proven before: ${current}`;
  return current === toplevel ? null : `this boot is not the one of ${toplevel}`;
}
