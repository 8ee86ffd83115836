/** PURE. Commit: only now does anything that survives a reboot name the new system. Profile first, then the loader. */
import { decideAfterCommit } from "./after-commit.ts";
import { backoffMs } from "../backoff.ts";
import type { Decision, Desired } from "../decision.ts";
import { problemOf, type Journal } from "../journal.ts";
import { awaitQuiet, forgetSeen } from "../foreign/await-quiet.ts";
import { nothingForeign } from "../foreign/foreign-record.ts";
import { isLeftBooted, standOnBooted } from "../foreign/booted-other.ts";
import { giveUp } from "../back/decide-way-back.ts";
import { undrainWait } from "../reboot/decide-drained.ts";
import { maxBoots, maxCommits } from "./commit-limits.ts";
import { collect, go, isLockedOut, settled, startUnit, tryLater, wait, type Situation } from "../plan.ts";

export function decideCommitting(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (journal.unit !== null) return awaitBoot(situation);
  if (current !== journal.toplevel) {
    return giveUp(situation, `another system was activated during commit: ${current}`, "none");
  }
  return isPermanent(situation) ? committed(situation) : movePointers(situation);
}

function isPermanent({ observed, journal }: Situation): boolean {
  const { profile, bootDefault } = observed.system;
  const isDefault = bootDefault === journal.toplevel || (bootDefault === null && journal.bootSet);
  return profile === journal.toplevel && isDefault;
}

function movePointers(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { profile, bootDefault } = observed.system;
  const { toplevel } = journal;
  const { commit, boot } = journal.attempts;
  if (commit >= maxCommits || boot >= maxBoots) {
    return giveUp(situation, journal.problem?.message ?? "the commit failed", "none");
  }
  if (profile !== toplevel) {
    const attempts = { ...journal.attempts, commit: journal.attempts.commit + 1 };
    return go(situation, { attempts }, { kind: "set-profile", toplevel });
  }
  if (journal.bootSet) return commitFailed(situation, `the boot default is ${bootDefault} after "boot"`);
  return startUnit(situation, { prefix: "chimera-boot", action: "boot", toplevel }, { bootTouched: true });
}

function committed(situation: Situation): Decision {
  const { toplevel, attempts } = situation.journal;
  return go(situation, {
    step: "committed",
    lastCommitted: toplevel,
    attempts: { ...attempts, commit: 0, boot: 0, activate: 0 },
    problem: null,
    isGoingBack: false,
    bootEntry: null,
    rebootReasons: [],
    unproven: null,
    unhealthy: null,
  });
}

function awaitBoot(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { unit } = observed;
  if (unit === null) return wait(situation, "unit-unknown", "systemd did not say how the commit is doing");
  if (unit.kind === "running") return wait(situation, "commit-running", journal.unit?.name ?? "the unit");
  if (unit.kind === "absent") return commitFailed(situation, "the unit that sets the boot default is gone");
  if (unit.result === "exited" && unit.exitCode === 0) {
    return go(situation, { unit: null, bootSet: true }, collect(journal.unit));
  }
  if (isLockedOut(unit)) return tryLater(situation, { bootSet: false });
  return commitFailed(situation, `setting the boot default ended with ${unit.exitCode ?? unit.result}`);
}

function commitFailed(situation: Situation, message: string): Decision {
  const { observed, journal } = situation;
  const boot = journal.attempts.boot + 1;
  return go(
    situation,
    {
      unit: null,
      bootSet: false,
      attempts: { ...journal.attempts, boot },
      retryAt: observed.uptimeMs + backoffMs(boot),
      problem: problemOf("activation-failed", message, observed),
    },
    collect(journal.unit),
  );
}

/** At rest. What somebody else activated or made the default is drift of kind foreign-system. */
export function decideCommitted(situation: Situation, desired: Desired | null): Decision {
  const { observed, journal } = situation;
  const { current, profile, bootDefault } = observed.system;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  const isForeign = current !== journal.toplevel;
  const isRepointed = isOther(profile, journal.toplevel) || isOther(bootDefault, journal.toplevel);
  return isForeign || isRepointed
    ? decideForeign(situation, desired)
    : (forgetSeen(situation) ?? decideAfterCommit(situation) ?? standing(situation));
}

function decideForeign(situation: Situation, desired: Desired | null): Decision {
  if (isLeftBooted(situation, desired)) return standOnBooted(situation);
  const { current, profile, bootDefault } = situation.observed.system;
  const detail = `running ${current}, profile ${profile ?? "unknown"}, boot default ${bootDefault ?? "unknown"}`;
  if (desired?.revertForeign !== true) return wait(situation, "foreign-system", detail);
  return awaitQuiet(situation, detail) ?? repair(situation, detail);
}

/** A lead reads here that the fleet shall go no further. */
function standing(situation: Situation): Decision {
  const { unhealthy, policy } = situation.journal;
  if (unhealthy === null || policy.afterCommit !== "hold-fleet")
    return { ...settled(situation), waiting: undrainWait(situation.journal) };
  return wait(situation, "unhealthy-holds-fleet", `check ${unhealthy} fails since the commit`);
}

function repair(situation: Situation, detail: string): Decision {
  const { observed, journal } = situation;
  const attempts = { ...journal.attempts, foreign: journal.attempts.foreign + 1 };
  const problem = problemOf("activation-failed", `foreign system: ${detail}`, observed);
  // What is begun is finished, also where it was booted so.
  const foreign = nothingForeign;
  if (observed.system.current === journal.toplevel)
    return commitAgain(situation, { attempts, problem, foreign });
  return go(situation, {
    foreign,
    step: "staged",
    transitions: 0,
    attempts,
    // Whoever activates again and again is met ever more slowly, and seen in the events each time.
    retryAt: observed.uptimeMs + backoffMs(attempts.foreign),
    problem,
  });
}

/** It runs and was proven: should its pointers not come back, the node stays on it instead of an older one. */
function commitAgain({ observed, journal }: Situation, changes: Partial<Journal>): Decision {
  const { profile, bootDefault } = observed.system;
  return go(
    { observed, journal },
    {
      ...changes,
      step: "committing",
      transitions: 0,
      bootSet: false,
      before: { current: journal.toplevel, profile, bootDefault },
    },
  );
}

function isOther(pointer: string | null, toplevel: string): boolean {
  return pointer !== null && pointer !== toplevel;
}
