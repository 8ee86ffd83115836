/** PURE. The way back: activate what ran before, then put back what names the new system, then rest. */
import type { StorePath } from "@chimera/proto/names";
import { backoffMs } from "./backoff.ts";
import type { Decision } from "./decision.ts";
import { problemOf, type Journal } from "./journal.ts";
import { alarm, collect, go, startUnit, wait, withEvents, type Situation } from "./plan.ts";

/** Setting the profile counts as an attempt too. */
const maxAttempts = 4;

/** Codes after which the previous system runs, as far as it ever did. */
const arrived: ReadonlySet<number | null> = new Set([0, 4]);

export function decideReverting(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { current } = observed.system;
  const previous = journal.before.current;
  if (current === null) return wait(situation, "system-unknown", "the running system could not be read");
  if (previous === null) return failed(situation, "no previous system is known");
  if (journal.unit !== null) return awaitUnit(situation, journal.unit.action);
  if (journal.attempts.revert >= maxAttempts) {
    return failed(situation, journal.problem?.message ?? "the previous system could not be activated");
  }
  // Where the new system ran before the order already, there is nothing to activate.
  const activated = journal.systemBack || previous === journal.toplevel;
  if (!activated || current !== previous) {
    return startUnit(
      situation,
      { prefix: "chimera-revert", action: "test", toplevel: previous },
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
    return startUnit(situation, { prefix: "chimera-revert-boot", action: "boot", toplevel: back }, {});
  }
  return go(situation, { step: "reverted" });
}

function awaitUnit(situation: Situation, action: "test" | "boot"): Decision {
  const { observed, journal } = situation;
  const { unit } = observed;
  if (unit === null) return wait(situation, "unit-unknown", "systemd did not say how the revert is doing");
  if (unit.kind === "running") return wait(situation, "revert-running", journal.unit?.name ?? "the unit");
  if (unit.kind === "absent") return attemptFailed(situation, "the unit of the revert is gone");
  const done = unit.result === "exited" && arrived.has(unit.exitCode);
  if (!done) return attemptFailed(situation, `going back ended with ${unit.exitCode ?? unit.result}`);
  const changes: Partial<Journal> = action === "test" ? { unit: null, systemBack: true } : { unit: null };
  return go(situation, changes, collect(journal.unit));
}

function attemptFailed(situation: Situation, message: string): Decision {
  const { observed, journal } = situation;
  const revert = journal.attempts.revert + 1;
  return go(
    situation,
    {
      unit: null,
      attempts: { ...journal.attempts, revert },
      retryAt: observed.uptimeMs + backoffMs(revert),
      problem: problemOf("activation-failed", message, observed),
    },
    collect(journal.unit),
  );
}

function failed(situation: Situation, message: string): Decision {
  const { observed } = situation;
  const problem = problemOf("activation-failed", message, observed);
  const decision = go(situation, { step: "revert-failed", unit: null, problem });
  return withEvents(decision, [alarm("activation-failed", `revert failed: ${message}`)]);
}
