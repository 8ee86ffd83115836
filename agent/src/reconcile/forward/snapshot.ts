/** PURE. What ran and failed just before the machine is changed. */
import type { StorePath } from "@chimera/proto/names";
import { isRepair, type Journal } from "../journal.ts";
import type { Situation } from "../plan.ts";

/** What is compared with afterwards, and where the way back leads. */
export function snapshot({
  observed,
  journal,
}: Situation): Pick<Journal, "before" | "failedBefore" | "contactBefore"> {
  const { current, profile, bootDefault } = observed.system;
  const { before, toplevel, unproven, failedBefore } = journal;
  const hadContact = observed.contact === true;
  // It was proven from there: what somebody activated over it is no way back.
  if (isRepair(journal)) return { before, failedBefore, contactBefore: hadContact };
  const isProven = current !== unproven;
  // A commit that was cut short, or somebody else, may have moved them already: that is no proof.
  const proven = (named: StorePath | null, earlier: StorePath | null) =>
    named !== null && (named === toplevel || named === unproven) ? earlier : named;
  return {
    before: {
      current: isProven ? current : before.current,
      profile: proven(profile, before.profile),
      bootDefault: proven(bootDefault, before.bootDefault),
    },
    // What fails, and who is not reached, while a system runs that nobody proved is no baseline for another.
    failedBefore: isProven ? (observed.units?.failing.slice(0, 1000) ?? []) : [],
    contactBefore: !isProven || hadContact,
  };
}
