/**
 * PURE. How long a rollout waits for a node before it counts as failed: what the lead goes by, what nodes allow themselves, and what
 * the end of a consent is reckoned from. Only here, so that nobody gives up a node that has not given up itself.
 */
import type { HealthCheck, UnitRule } from "../health-check.ts";
import type { HeadPolicy } from "../signed/head.ts";

const minuteMs = 60_000;

/** What a node's module says where it says nothing. */
export const usualProbationSeconds = 30;
/** How long after the asked time a node may still be settling. */
export const settlingMs = minuteMs;
/** How long a node that had contact before may be without it. */
export const contactMs = 2 * minuteMs;

/** Beats come every 10 s: three in a row are missing. */
export const awayMs = 45_000;
/** Beside its probation, for a node that has begun. */
export const silenceMs = 30_000;
/** Emptying it, firmware, and a boot. */
export const restartMs = 10 * minuteMs;
/** Who is heard, and has not even taken the head by then, will not. */
export const takeMs = 2 * minuteMs;
/** The largest closure over a slow line. */
export const fetchMs = 60 * minuteMs;
/** Who may go, is heard, and has not begun by then: somebody else's switch takes less. */
export const beginMs = 5 * minuteMs;

/** What checks and units need to show anything at all. */
export function neededMs(checks: readonly HealthCheck[], units: readonly UnitRule[]): number {
  const needed = checks
    .filter(({ from }) => from === "node")
    .map(
      ({ graceSeconds, everySeconds, timeoutSeconds, passes }) =>
        1000 * (graceSeconds + (everySeconds + timeoutSeconds) * passes),
    );
  return Math.max(0, ...needed, ...units.map(({ settleSeconds }) => settleSeconds * 1000));
}

/** As long as the head says; where it leaves that to the nodes, as long as they allow themselves. */
export function probationMsOf({
  probationSeconds,
  checks = [],
  units = [],
}: Pick<HeadPolicy, "probationSeconds" | "checks" | "units">): number {
  const own = Math.max(usualProbationSeconds * 1000 + settlingMs, contactMs);
  return Math.max(probationSeconds === undefined ? own : probationSeconds * 1000, neededMs(checks, units));
}

/** What the head grants an activation; 0 where it says nothing. */
export function activationMsOf({ activationSeconds = 0 }: Pick<HeadPolicy, "activationSeconds">): number {
  return activationSeconds * 1000;
}
