/**
 * PURE. A system that was booted in the place of the default: by somebody at the boot menu, mostly because the new one is
 * broken, or by a loader that gave the default up. Whoever did that is not fought: nothing is switched in this boot until a newer
 * order comes, or root lets the node go on.
 */
import type { StorePath } from "@chimera/proto/names";
import type { Decision, Desired, SystemPointers } from "../decision.ts";
import { homeOf, isRepair, isWayBack, type Journal, type Step } from "../journal.ts";
import { permanentSystem } from "../permanent-system.ts";
import { wait, type Situation } from "../plan.ts";
import { bootedText, runsBooted } from "./runs-booted.ts";

/**
 * By the first look of a boot. Null where the default was booted, or what the journal had begun says why it was not. Where the
 * journal was lost it says nothing: what runs may be what it was to prove.
 */
export function bootedOther({ observed, journal }: Situation): StorePath | null {
  const { current, booted } = observed.system;
  const usual = permanentSystem(observed.system);
  if (booted === null || booted !== current || usual === null || booted === usual) return null;
  const isExplained = isOurs(journal, booted) || isHalfNamed(journal, observed.system);
  return isExplained ? null : booted;
}

/** Of these the order has not touched what runs. */
const waiting: ReadonlySet<Step> = new Set<Step>(["accepted", "staged", "staged-for-reboot", "refused"]);

const goingHome: ReadonlySet<Step> = new Set<Step>([
  "rebooting",
  "falling-back",
  "reverting",
  "reverted",
  "revert-failed",
]);

function isOurs(journal: Journal, booted: StorePath): boolean {
  const { step, toplevel, lastCommitted, bootEntry, isGoingBack } = journal;
  // A panic that was not at its end goes on: what it undoes must not stay.
  if (isWayBack(journal) && step !== "committed" && !isRepair(journal)) return true;
  // Its order wants it; or an entry that was to be booted once was left, and is used up now.
  if (booted === toplevel) return step !== "reverted" || bootEntry !== null;
  if (waiting.has(step) && booted === lastCommitted) return true;
  return (goingHome.has(step) || isGoingBack) && booted === homeOf(journal);
}

/**
 * Where no reader knows the loader, the profile may be what a commit that was cut short has set: then the default is what ran
 * before that, or what ran in its place in the boot before this one too.
 */
function isHalfNamed(journal: Journal, { booted, bootDefault }: SystemPointers): boolean {
  const { step, before, foreign } = journal;
  if (bootDefault !== null) return false;
  const isDone = step === "committed" || step === "reverted";
  return (!isDone && booted === before.current) || booted === (foreign.seen?.current ?? null);
}

/** Whether what runs is left as it was booted. */
export function isLeftBooted({ observed, journal }: Situation, desired: Desired | null): boolean {
  return runsBooted({ observed, journal }) && desired?.undoesBooted !== true;
}

export function standOnBooted(situation: Situation): Decision {
  return wait(situation, "booted-other", bootedText(situation));
}
