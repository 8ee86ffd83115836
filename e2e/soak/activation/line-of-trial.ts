// PURE. A trial that is over as its line of the ledger, and that line in words.
import type { LedgerLine } from "./ledger-line.ts";
import type { TrialEnd } from "./trial-end.ts";
import type { TrialId, TrialPlan } from "./trial-plan.ts";

interface Done {
  id: TrialId;
  plan: TrialPlan;
  end: TrialEnd;
  made: Pick<LedgerLine, "machine" | "node" | "commit" | "at">;
}

export function lineOf({ id, plan, end, made }: Done): LedgerLine {
  const { systems, shot, verdict, ms } = end;
  return {
    soak: "activation",
    ...made,
    ...id,
    ...planned(plan),
    aim: aimOf(plan),
    ...deathOf(shot),
    systems: { from: labelOf(systems.from), to: labelOf(systems.to) },
    ...verdict,
    ms,
  };
}

function planned(plan: TrialPlan): Pick<LedgerLine, "mode" | "scope" | "fault" | "scenario"> {
  const { mode } = plan;
  switch (plan.kind) {
    case "kill":
      return { mode, scope: plan.scope, fault: null, scenario: plan.scenario };
    case "fault":
      return { mode, scope: null, fault: plan.fault, scenario: null };
  }
}

function deathOf(shot: TrialEnd["shot"]): Pick<LedgerLine, "step" | "write" | "hit"> {
  if (shot?.hit !== true) return { step: null, write: null, hit: false };
  return { step: shot.died?.step ?? null, write: shot.died?.write ?? null, hit: true };
}

function aimOf(plan: TrialPlan): string {
  if (plan.kind === "fault") return plan.fault;
  const { moment } = plan;
  switch (moment.kind) {
    case "after":
      return `${moment.ms} ms after the order`;
    case "write":
      return `${moment.step}, write ${moment.write}, ${moment.delayMs} ms later`;
  }
}

/** `/nix/store/<hash>-nixos-system-n1-soak-a` → `soak-a` */
function labelOf(toplevel: string): string {
  return toplevel.replace(/^.*-nixos-system-[a-z0-9]+-/, "");
}

export function describeLine(line: LedgerLine): string {
  const what = line.fault ?? `${line.scope} killed, ${line.scenario}, ${line.aim}`;
  const where = line.step === null ? "" : `, died in ${line.step} ${line.write}`;
  const wrong = line.ok ? "" : `: ${line.wrong.join("; ")}`;
  const word = line.ok ? "ok    " : "FAILED";
  return `${word} ${line.trial} ${line.node} ${what}${where} -> ${line.end} (${line.ms} ms)${wrong}`;
}
