/** PURE. Everything is there and nothing was changed yet: pre-flight, snapshot, dead-man. */
import type { StorePath } from "@chimera/proto/names";
import type { Blocked, Decision, Desired } from "../decision.ts";
import { deadManOf } from "./dead-man.ts";
import { ownPolicy } from "../checks/own-policy.ts";
import { isLeftBooted, standOnBooted } from "../foreign/booted-other.ts";
import { permanentSystem } from "../permanent-system.ts";
import { snapshot } from "./snapshot.ts";
import { isPutBack, isRepair, isWayBack, type Journal } from "../journal.ts";
import { go, refuse, revert, stand, startUnit, wait, type Situation } from "../plan.ts";
import { judgePreflight, judgeWayBack, type Reserve } from "../preflight/judge-preflight.ts";

/** So much later than armed an activation may begin. */
const slackMs = 30_000;
const maxArmings = 4;

/** What cannot be read for so long is not there. */
const unreadMs = 30_000;

export function decideStaged(situation: Situation, desired: Desired | null, reserve: Reserve): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  const blocked = blockOf(situation, desired);
  if (blocked !== null) return stand(journal, blocked);
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  const left = leaveAlone(situation, desired);
  if (left !== null) return left;
  const own = withOwnChecks(situation);
  if (isWayBack(journal)) return stagedBack(own);
  return current === journal.toplevel
    ? adopt(own)
    : stagedForward(own, { reserve, gate: gateOf(situation, desired) });
}

/** Whatever is begun from here is judged by what the wanted system says of itself. */
function withOwnChecks({ observed, journal }: Situation): Situation {
  return { observed, journal: { ...journal, policy: ownPolicy(journal, observed.declared) } };
}

/** What somebody booted, or is activating at this moment. */
function leaveAlone(situation: Situation, desired: Desired | null): Decision | null {
  const { observed, journal } = situation;
  if (isLeftBooted(situation, desired)) return standOnBooted(situation);
  if (!isPutBack(journal) || observed.switching === null) return null;
  return wait(situation, "switch-locked", `somebody switches now: ${observed.switching}`);
}

interface Limits {
  reserve: Reserve;
  /** What the rollout says; it is asked last: whoever is refused is no reason for others to wait. */
  gate: Blocked | null;
}

function stagedForward(situation: Situation, { reserve, gate }: Limits): Decision {
  const { observed, journal } = situation;
  const { preflight, units } = observed;
  if (preflight === null) return wait(situation, "preflight-unknown", "the systems could not be compared");
  const verdict = judgePreflight(preflight, reserve);
  switch (verdict.kind) {
    case "refuse":
      return refuse(situation, verdict.code, `${journal.toplevel}: ${verdict.message}`);
    case "wait":
      return wait(situation, verdict.reason, verdict.detail);
    case "reboot":
      if (gate !== null) return stand(journal, gate);
      return go(situation, { step: "staged-for-reboot", rebootReasons: verdict.reasons });
    case "go":
      if (gate !== null) return stand(journal, gate);
      if (units === null) return wait(situation, "units-unknown", "systemd did not list its units");
      return arm(situation, snapshot(situation));
  }
}

/** What came while the node was getting ready, as a quarantine or a hold, still counts. */
function blockOf({ journal }: Situation, desired: Desired | null): Blocked | null {
  // A way back was allowed when it was begun; what forbids the order after it says nothing of it.
  const isOther = desired !== null && isWayBack(journal) && desired.order.id !== journal.order.id;
  const blocked = isOther ? null : (desired?.blocked ?? null);
  return blocked?.repairs === true && isRepair(journal) ? null : blocked;
}

/** Of the very order; what was committed is put back without it. */
function gateOf({ journal }: Situation, desired: Desired | null): Blocked | null {
  return desired?.order.id === journal.order.id && !isRepair(journal) ? desired.waits : null;
}

function stagedBack(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  if (current === journal.toplevel) return go(situation, { step: "committing", bootSet: false });
  const { preflight } = observed;
  const verdict = preflight === null ? { kind: "go" as const } : judgeWayBack(preflight);
  if (verdict.kind === "reboot") {
    return go(situation, {
      ...snapshot(situation),
      step: "preparing-reboot",
      rebootReasons: verdict.reasons,
      isGoingBack: true,
    });
  }
  return startUnit(
    situation,
    { prefix: "chimera-activate", action: "test", toplevel: journal.toplevel },
    { ...snapshot(situation), step: "activating", systemBack: false, bootSet: false },
  );
}

/**
 * It runs already. Where it is permanent too, it was proven or somebody wanted it so; where it is not, nobody proved it (a
 * journal was lost, or somebody tried it), and what is permanent is the way back.
 */
function adopt(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  const permanent = permanentSystem(observed.system);
  if (permanent === current || isRepair(journal))
    return go(situation, { step: "committing", bootSet: false });
  if (permanent === null && observed.uptimeMs - journal.since < unreadMs) {
    return wait(situation, "system-unknown", "neither profile nor boot default could be read");
  }
  const before = { ...snapshot(situation).before, current: homeBehind(journal, { current, permanent }) };
  // What fails, and who is not reached, while it runs is no baseline for it.
  return arm(situation, { before, failedBefore: [], contactBefore: true });
}

interface Found {
  current: StorePath | null;
  permanent: StorePath | null;
}

/** What is permanent, unless that is what the order before was going back from. */
function homeBehind({ unproven, before }: Journal, { current, permanent }: Found): StorePath | null {
  const isKnown = unproven !== null && (current === unproven || permanent === unproven);
  return isKnown ? before.current : (permanent ?? current);
}

/** Journalled before it is armed: whoever restarts here finds it absent, and arms it again. */
function arm(situation: Situation, changes: Partial<Journal>): Decision {
  const { journal, observed } = situation;
  const next = { ...journal, ...changes };
  const previous = next.before.current ?? next.toplevel;
  const deadMan = deadManOf(next, observed.uptimeMs);
  return go(
    situation,
    { ...changes, step: "arming", deadMan, systemBack: false, bootSet: false },
    { kind: "arm-dead-man", order: journal.order.id, unit: deadMan.unit, atMs: deadMan.atMs, previous },
  );
}

export function decideArming(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (journal.deadMan === null) return armAgain(situation);
  if (observed.deadManArmed === null) {
    return wait(situation, "dead-man-unknown", "systemd did not say whether the dead-man is armed");
  }
  if (!observed.deadManArmed) return armAgain(situation);
  if (isTooShort(journal, observed.uptimeMs)) return arm(situation, {});
  if (current === journal.toplevel && !journal.isEndUnknown) {
    return go(situation, { step: "probation", unit: null });
  }
  return startUnit(
    situation,
    { prefix: "chimera-activate", action: "test", toplevel: journal.toplevel },
    { step: "activating" },
  );
}

/** The time that was meant for the activation went by before it began: a new timer takes its place. */
function isTooShort(journal: Journal, uptimeMs: number): boolean {
  return journal.deadMan !== null && journal.deadMan.atMs + slackMs < deadManOf(journal, uptimeMs).atMs;
}

function armAgain(situation: Situation): Decision {
  const { journal } = situation;
  const activate = journal.attempts.activate + 1;
  const attempts = { ...journal.attempts, activate };
  if (activate < maxArmings) return arm(situation, { attempts });
  const isRunning = situation.observed.system.current === journal.toplevel;
  if (isRunning)
    return revert(situation, "the dead-man could not be armed behind an unproven system", "none");
  return refuse(situation, "activation-failed", "the dead-man could not be armed: nothing was activated");
}
