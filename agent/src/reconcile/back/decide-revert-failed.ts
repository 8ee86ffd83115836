/**
 * PURE. The way back did not come to its end, and a person was called. Where no activation was ever started, since the tool
 * that starts them failed, it is tried anew every five minutes: that says nothing about the system.
 */
import { backoffMs } from "../backoff.ts";
import type { Decision, Desired } from "../decision.ts";
import { isLeftBooted } from "../foreign/booted-other.ts";
import { homeOf, isToolProblem, isWayBack } from "../journal.ts";
import { go, rest, type Situation } from "../plan.ts";

const manyFailures = 20;

export function decideRevertFailed(situation: Situation, desired: Desired | null): Decision {
  const { observed, journal } = situation;
  const home = homeOf(journal);
  const { current, profile, bootDefault } = observed.system;
  const isHome = [current, profile, bootDefault ?? home].every((path) => path === home);
  const isDue = observed.uptimeMs - journal.since >= backoffMs(manyFailures);
  const isTried = isToolProblem(journal) && !isLeftBooted(situation, desired);
  if (!isTried || isHome || !isDue) return rest(situation, "revert-failed");
  return go(situation, {
    step: isWayBack(journal) ? "staged" : "reverting",
    systemBack: false,
    transitions: 0,
    attempts: { ...journal.attempts, activate: 0, commit: 0, boot: 0, revert: 0 },
  });
}
