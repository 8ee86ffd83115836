/** PURE. From the accepted head to the end of the activation unit. */
import { errorCodes } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import { backoffMs } from "./backoff.ts";
import { giveUp } from "./decide-way-back.ts";
import type { Blocked, Decision, Desired, UnitFact } from "./decision.ts";
import { isRepair, isWayBack, problemOf } from "./journal.ts";
import { collect, go, stand, startUnit, wait, withEvents, type Situation } from "./plan.ts";

/** Exit codes of switch-to-configuration that name a cause; all others are judged by what runs afterwards. */
const exit = { ok: 0, unitsFailed: 4, locked: 11, needsReboot: 100 } as const;

/** The new system runs then, however well. */
const arrived: ReadonlySet<number | null> = new Set([exit.ok, exit.unitsFailed]);

const maxStarts = 3;

type Ended = Extract<UnitFact, { kind: "ended" }>;

export function decideAccepted(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { fetch } = observed;
  const { id: head } = journal.order;
  if (isWayBack(journal)) return go(situation, { step: "staged", transitions: 0, problem: null });
  if (fetch.kind === "idle" || fetch.head !== head) return startFetch(situation);
  switch (fetch.kind) {
    case "running":
      return wait(situation, "fetching", `${fetch.doneBytes} of ${fetch.totalBytes} bytes`);
    case "done":
      return go(situation, { step: "staged", transitions: 0, problem: null });
    case "failed":
      return journal.retryAt === null ? fetchFailed(situation, fetch) : startFetch(situation);
  }
}

function startFetch(situation: Situation): Decision {
  const { journal, observed } = situation;
  return go(
    situation,
    { retryAt: null },
    {
      kind: "start-fetch",
      head: journal.order.id,
      toplevel: journal.toplevel,
      keep: observed.system.current,
    },
  );
}

function fetchFailed(
  situation: Situation,
  failure: { code: keyof typeof errorCodes; message: string },
): Decision {
  const { journal, observed } = situation;
  const problem = problemOf(failure.code, failure.message, observed);
  if (errorCodes[failure.code].retry === "never") return go(situation, { step: "refused", problem });
  const fetch = journal.attempts.fetch + 1;
  return go(situation, {
    attempts: { ...journal.attempts, fetch },
    retryAt: observed.uptimeMs + backoffMs(fetch),
    problem,
  });
}

/** Nothing was changed yet: the last look before the activation. */
export function decideStaged(situation: Situation, desired: Desired | null): Decision {
  const { observed, journal } = situation;
  const { current, profile, bootDefault } = observed.system;
  const blocked = blockOf(situation, desired);
  if (blocked !== null) return stand(journal, blocked);
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (current === journal.toplevel) return go(situation, { step: "committing", bootSet: false });
  const obstacle = obstacleOf(situation);
  if (obstacle !== null) return obstacle;
  return startUnit(
    situation,
    { prefix: "chimera-activate", action: "test", toplevel: journal.toplevel },
    {
      step: "activating",
      before: { current, profile, bootDefault },
      failedBefore: observed.units?.failing.slice(0, 1000) ?? [],
      contactBefore: observed.contact === true,
      systemBack: false,
      bootSet: false,
    },
  );
}

/** What came while the node was getting ready, as a quarantine or a hold, still counts. */
function blockOf({ journal }: Situation, desired: Desired | null): Blocked | null {
  const blocked = desired?.blocked ?? null;
  return blocked?.repairs === true && isRepair(journal) ? null : blocked;
}

function obstacleOf(situation: Situation): Decision | null {
  const { inhibitors, units } = situation.observed;
  if (inhibitors !== null && inhibitors.length > 0) {
    return needsReboot(situation, `switch inhibitors differ: ${inhibitors.join(", ")}`);
  }
  if (isWayBack(situation.journal)) return null;
  if (units === null) return wait(situation, "units-unknown", "systemd did not list its units");
  if (inhibitors !== null) return null;
  return wait(situation, "inhibitors-unknown", "the switch inhibitors of the systems could not be compared");
}

export function decideActivating(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { unit } = observed;
  if (unit === null)
    return wait(situation, "unit-unknown", "systemd did not say how the activation is doing");
  if (unit.kind === "running") {
    return wait(situation, "activation-running", journal.unit?.name ?? "the activation unit");
  }
  if (observed.system.current === null) {
    return wait(situation, "system-unknown", "the running system could not be read");
  }
  if (unit.kind === "absent") return startAgain(situation);
  return withEvents(judgeEnd(situation, unit), [finished(situation, unit)]);
}

/** Journalled but never started, or its end was cleared away by somebody's reset-failed: running it again is safe. */
function startAgain(situation: Situation): Decision {
  const { journal } = situation;
  const activate = journal.attempts.activate + 1;
  if (activate >= maxStarts) {
    return giveUp(situation, "the activation unit was not to be started", "none");
  }
  return startUnit(
    situation,
    { prefix: "chimera-activate", action: "test", toplevel: journal.toplevel },
    { attempts: { ...journal.attempts, activate } },
  );
}

/** By state, not by text: `/run/current-system` moves before units restart, so health is probation's to judge. */
function judgeEnd(situation: Situation, unit: Ended): Decision {
  const { journal, observed } = situation;
  const runsNew = observed.system.current === journal.toplevel;
  const code = unit.result === "exited" ? unit.exitCode : null;
  if (code === exit.locked && !runsNew) return locked(situation);
  if (code === exit.needsReboot && !runsNew) {
    return needsReboot(situation, "the new system's init differs: switch-to-configuration ended with 100");
  }
  if (runsNew && arrived.has(code)) {
    const step = isWayBack(journal) ? "committing" : "probation";
    return go(situation, { step, unit: null, bootSet: false }, collect(journal.unit));
  }
  return giveUp(situation, `activation ${describeEnd(unit)}`, unit.result === "killed" ? "none" : "toplevel");
}

function locked(situation: Situation): Decision {
  const { journal, observed } = situation;
  const activate = journal.attempts.activate + 1;
  return go(
    situation,
    {
      step: "staged",
      unit: null,
      attempts: { ...journal.attempts, activate },
      retryAt: observed.uptimeMs + backoffMs(activate),
      problem: problemOf("activation-failed", "another switch holds the lock", observed),
    },
    collect(journal.unit),
  );
}

/** v0 changes nothing persistent: no profile, no boot default, no reboot. It waits and says why. */
function needsReboot(situation: Situation, message: string): Decision {
  const { journal, observed } = situation;
  return go(
    situation,
    { step: "staged-for-reboot", unit: null, problem: problemOf("activation-failed", message, observed) },
    collect(journal.unit),
  );
}

function describeEnd(unit: Ended): string {
  if (unit.result === "timeout") return "ran into its time limit";
  if (unit.result === "killed") return "was killed";
  return `ended with exit code ${unit.exitCode ?? "unknown"}`;
}

function finished({ journal, observed }: Situation, unit: Ended): NodeEventBody {
  const known = new Set(journal.failedBefore);
  return {
    type: "activation-finished",
    data: {
      toplevel: journal.toplevel,
      result: resultWord(unit),
      exitCode: unit.exitCode,
      ms: Math.max(0, observed.uptimeMs - journal.since),
      failedUnits: (observed.units?.failing ?? []).filter((name) => !known.has(name)).slice(0, 50),
    },
  };
}

function resultWord(unit: Ended): "ok" | "failed" | "timeout" | "needs-reboot" {
  if (unit.result === "timeout") return "timeout";
  if (unit.exitCode === exit.needsReboot) return "needs-reboot";
  return unit.exitCode === exit.ok && unit.result === "exited" ? "ok" : "failed";
}
