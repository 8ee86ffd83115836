/** PURE. Whether this boot may be called complete, by what the journal says. */
import type { StorePath } from "@chimera/proto/names";
import type { Journal, Step } from "./journal.ts";

export type Gate = { kind: "open"; reason: string } | { kind: "shut"; reason: string } | { kind: "wait" };

/** The system that was booted still has to prove itself, or to be found by whoever recovers. */
const unproven: ReadonlySet<Step> = new Set<Step>(["rebooting", "arming", "probation"]);

export function judgeGate(
  journal: Journal | null,
  { bootId, current }: { bootId: string; current: StorePath | null },
): Gate {
  if (journal === null) return { kind: "open", reason: "nothing was ordered" };
  const { step, toplevel, lastCommitted } = journal;
  if (current !== null && current === lastCommitted)
    return { kind: "open", reason: `proven before: ${current}` };
  if (current !== null && current !== toplevel) {
    return { kind: "open", reason: `this boot is not the one of ${toplevel}` };
  }
  if (step === "committed" || step === "committing") return { kind: "open", reason: `${step}: ${toplevel}` };
  if (unproven.has(step)) return { kind: "wait" };
  const isOfThisBoot = journal.bootId === bootId;
  return isOfThisBoot
    ? { kind: "shut", reason: `${step}: ${journal.problem?.message ?? toplevel}` }
    : { kind: "wait" };
}
