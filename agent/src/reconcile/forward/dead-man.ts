/**
 * PURE. The dead-man: when it fires, and what it does then. It fires after everything else has had its time, so it only
 * ever meets an agent that hangs, is gone or cannot start.
 */
import { contactMs } from "@chimera/proto/rollout/patience";
import type { Decision } from "../decision.ts";
import type { DeadMan, Journal, Step } from "../journal.ts";
import { isRepair, problemOf } from "../journal.ts";
import { alarm, go, nameOf, repairFailed, withEvents, type Situation } from "../plan.ts";
import { deadlineMs } from "./probation-times.ts";

/** For the steps between, each of which has limits of its own. */
const marginMs = 60_000;

/** systemd's own wait before it kills, of the activation's unit. */
const stopMs = 10_000;

export function deadManOf(journal: Journal, uptimeMs: number): DeadMan {
  const { activationSeconds, probationMs } = journal;
  const activationMs = activationSeconds * 1000 + stopMs;
  // Health that begins just before the deadline is still given its whole time.
  const probation = Math.max(deadlineMs(journal), contactMs) + probationMs;
  // The name is this arming's own: an older timer that is still there says nothing about this one.
  const arming = journal.attempts.activate + journal.attempts.reboot;
  const suffix = arming === 0 ? "" : `-${arming + 1}`;
  return {
    unit: `chimera-dead-man-${nameOf(journal)}${suffix}`,
    atMs: uptimeMs + activationMs + probation + marginMs,
  };
}

const unproven: ReadonlySet<Step> = new Set<Step>(["arming", "activating", "probation"]);

/** What the dead-man finds: an unproven system is undone; what was proven is finished; rest is rest. */
export function expire(situation: Situation): Decision | null {
  const { journal, observed } = situation;
  if (!unproven.has(journal.step)) return null;
  const message = `the dead-man fired: nobody ended ${journal.step} of ${journal.toplevel}`;
  const stop = journal.unit === null ? null : ({ kind: "stop-unit", name: journal.unit.name } as const);
  if (isRepair(journal)) return repairFailed(situation, message, stop);
  const decision = go(
    situation,
    {
      step: "reverting",
      systemBack: journal.step === "arming",
      blame: journal.step === "arming" ? "none" : "toplevel",
      problem: problemOf("activation-failed", message, observed),
    },
    stop,
  );
  return withEvents(decision, [alarm("activation-failed", message)]);
}
