/** PURE. The way back: activate what ran before, then put back what names the new system, then rest. */
import type { StorePath } from "@chimera/proto/names";
import { backoffMs } from "./backoff.ts";
import type { Action, Decision, UnitFact } from "./decision.ts";
import { problemOf, type Journal, type UnitRecord } from "./journal.ts";
import { alarm, collect, go, startUnit, wait, withEvents, type Situation } from "./plan.ts";

/** Setting the profile counts as an attempt too. */
const maxAttempts = 4;

/** What the names of this step's own units begin with. */
const revertPrefix = "chimera-revert";

/** Codes after which the previous system runs, as far as it ever did. */
const arrived: ReadonlySet<number | null> = new Set([0, 4]);

export function decideReverting(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  const previous = journal.before.current;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (previous === null) return failed(situation, "no previous system is known");
  if (journal.unit !== null) return awaitUnit(situation, journal.unit);
  if (journal.attempts.revert >= maxAttempts) {
    return failed(situation, journal.problem?.message ?? "the previous system could not be activated");
  }
  // Where the new system ran before the order already, there is nothing to activate.
  const activated = journal.systemBack || previous === journal.toplevel;
  if (!activated || current !== previous) {
    return startUnit(
      situation,
      { prefix: revertPrefix, action: "test", toplevel: previous },
      { systemBack: false },
    );
  }
  return putBackPointers(situation, previous);
}

/** Only what names the new system: before commit that is nothing. */
function putBackPointers(situation: Situation, previous: StorePath): Decision {
  const { observed, journal } = situation;
  const { profile, bootDefault } = observed.system;
  const { before, toplevel } = journal;
  if (previous !== toplevel && profile === toplevel && before.profile !== toplevel) {
    const attempts = { ...journal.attempts, revert: journal.attempts.revert + 1 };
    const toplevelBack = before.profile ?? previous;
    return go(situation, { attempts }, { kind: "set-profile", toplevel: toplevelBack, direction: "back" });
  }
  if (previous !== toplevel && bootDefault === toplevel && before.bootDefault !== toplevel) {
    const back = before.bootDefault ?? previous;
    return startUnit(situation, { prefix: `${revertPrefix}-boot`, action: "boot", toplevel: back }, {});
  }
  return go(situation, { step: "reverted" });
}

function awaitUnit(situation: Situation, record: UnitRecord): Decision {
  const { unit } = situation.observed;
  if (unit === null) return wait(situation, "unit-unknown", "systemd did not say how the revert is doing");
  const isOwn = record.name.startsWith(revertPrefix);
  return isOwn ? awaitOwn(situation, record, unit) : endUndone(situation, record, unit);
}

function awaitOwn(situation: Situation, record: UnitRecord, unit: UnitFact): Decision {
  if (unit.kind === "running") return wait(situation, "revert-running", record.name);
  if (unit.kind === "absent") return attemptFailed(situation, "the unit of the revert is gone");
  const done = unit.result === "exited" && arrived.has(unit.exitCode);
  if (!done) return attemptFailed(situation, `going back ended with ${unit.exitCode ?? unit.result}`);
  const back: Partial<Journal> = record.action === "test" ? { systemBack: true } : {};
  return go(situation, { ...back, unit: null }, collect(record));
}

/** The activation that is undone: the agent may have been killed before it ended it. */
function endUndone(situation: Situation, record: UnitRecord, unit: UnitFact): Decision {
  if (unit.kind === "absent") return go(situation, { unit: null });
  if (unit.kind === "ended") return go(situation, { unit: null }, collect(record));
  const message = `${record.name} did not end`;
  if (situation.journal.attempts.revert >= maxAttempts) return failed(situation, message);
  return attemptFailed(situation, message, {
    unit: record,
    action: { kind: "stop-unit", name: record.name },
  });
}

function attemptFailed(
  situation: Situation,
  message: string,
  next: { unit: UnitRecord | null; action: Action | null } = {
    unit: null,
    action: collect(situation.journal.unit),
  },
): Decision {
  const { observed, journal } = situation;
  const revert = journal.attempts.revert + 1;
  return go(
    situation,
    {
      unit: next.unit,
      attempts: { ...journal.attempts, revert },
      retryAt: observed.uptimeMs + backoffMs(revert),
      problem: problemOf("activation-failed", message, observed),
    },
    next.action,
  );
}

function failed(situation: Situation, message: string): Decision {
  const { observed } = situation;
  const problem = problemOf("activation-failed", message, observed);
  const decision = go(situation, { step: "revert-failed", unit: null, problem });
  return withEvents(decision, [alarm("activation-failed", `revert failed: ${message}`)]);
}
