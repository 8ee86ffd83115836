/** PURE. What a node waits for and why, in the order of what must happen first, each with what to do about it. */
import type { Hold } from "@chimera/proto/acceptance/trust-state";
import type { JournalView, LocalStatus } from "@chimera/proto/local-api";
import { showPlace } from "@chimera/proto/signed/place";
import { duration, shortPath } from "../units.ts";
import { wayOut } from "./way-out.ts";

export interface Reason {
  reason: string;
  text: string;
  todo: string;
}

/** Empty where a node waits for nothing. */
export function explain(status: LocalStatus): Reason[] {
  const reasons = [
    ...agentReasons(status),
    ...halfDone(status),
    ...panicReasons(status),
    ...holdReasons(status),
    ...waitingReasons(status),
    ...healthReasons(status),
    ...localReasons(status),
  ];
  return reasons.length > 0 ? reasons : notThere(status);
}

function agentReasons({ agent, unreadable }: LocalStatus): Reason[] {
  const broken = unreadable.map(({ file, reason }) => ({
    reason: "file-unreadable",
    text: `${file} says nothing: ${reason}`,
    todo: "leave it: the agent sets it aside at its start, and goes by what runs",
  }));
  const absent = {
    reason: "no-agent",
    text: "no agent runs",
    todo: "systemctl status chimera-sentinel chimera-recover; journalctl -u chimera-sentinel -u chimera-recover",
  };
  return agent === null ? [absent, ...broken] : broken;
}

/** Reasons of the steps that the journal goes through by itself. */
const ownSteps: ReadonlySet<string> = new Set([
  "activation-running",
  "commit-running",
  "revert-running",
  "entries-running",
  "probation",
  "rebooting",
]);

function halfDone({ journal, waiting }: LocalStatus): Reason[] {
  if (journal === null || journal.isReplaceable) return [];
  const since = journal.stepMs === null ? " since before this boot" : ` for ${duration(journal.stepMs)} now`;
  const detail = waiting === null || waiting.reason === "no-agent" ? "" : ` (${waiting.detail})`;
  return [
    {
      reason: journal.step,
      text: `${journal.step} of ${shortPath(journal.toplevel)}${since}${detail}`,
      todo: `wait: it ends by itself${deadManText(journal)}`,
    },
  ];
}

function deadManText({ deadMan }: JournalView): string {
  if (deadMan === null || deadMan.inMs === null) return "";
  return `, else ${deadMan.unit}.timer undoes it in ${duration(deadMan.inMs)}`;
}

function panicReasons({ panic }: LocalStatus): Reason[] {
  if (panic === null) return [];
  const text = `panic ${showPlace({ ...panic, rank: 1 })} holds: what it undid stays undone`;
  return [{ reason: "panic", text, todo: "an operator publishes a newer head: chimera deploy" }];
}

function holdReasons({ holds, node }: LocalStatus): Reason[] {
  const signed = `wait, or an operator ends it: chimera hold release ${node ?? "NODE"}`;
  return [
    ...holdReason(holds.signed, signed),
    ...holdReason(holds.local, "wait, or end it: chimera local release"),
  ];
}

function holdReason(hold: Hold | null, todo: string): Reason[] {
  if (hold === null) return [];
  const { author, until, reason } = hold;
  return [{ reason: "held", text: `held by ${author} until ${until}: ${reason}`, todo }];
}

function waitingReasons(status: LocalStatus): Reason[] {
  const { waiting, journal, holds } = status;
  if (waiting === null || waiting.reason === "no-agent") return [];
  const isSaid = journal?.isReplaceable === false && ownSteps.has(waiting.reason);
  const isHold = waiting.reason === "held" && (holds.signed ?? holds.local) !== null;
  if (isSaid || isHold) return [];
  const { reason, detail } = waiting;
  return [{ reason, text: `${reason}: ${detail}`, todo: todoOf(status, reason) }];
}

function todoOf({ journal }: LocalStatus, reason: string): string {
  const retry = journal?.retryInMs ?? null;
  if (reason === "backing-off" && retry !== null) return `${wayOut(reason)}, in ${duration(retry)}`;
  if (reason !== "needs-reboot") return wayOut(reason);
  return journal?.isGoingBack === true
    ? "restart the machine when it suits: systemctl reboot"
    : "an operator deploys it with --reboot when-needed or --reboot window";
}

function healthReasons({ journal, checks }: LocalStatus): Reason[] {
  const name = journal?.unhealthy ?? null;
  if (name === null) return [];
  const message = checks.find((check) => check.name === name)?.message ?? "it gave no reason";
  const text = `check ${name} fails on the committed system: ${message}`;
  return [{ reason: "unhealthy", text, todo: "mend what it names, or chimera local revert" }];
}

function localReasons({ local, wanted }: LocalStatus): Reason[] {
  if (local === null) return [];
  const { action, toplevel, until, author, reason } = local;
  const why = reason === "" ? "" : `: ${reason}`;
  return [
    {
      reason: "local-order",
      text: `${action} of ${shortPath(toplevel)} by ${author} counts until ${until}${why}`,
      todo:
        wanted === null
          ? "then, or with the first head, the node goes to what is signed"
          : `then, or with a newer head, the node goes to what is signed: ${shortPath(wanted)}`,
    },
  ];
}

/** Nothing is waited for, and the node is not where it should be: that is said too. */
function notThere({ accepted, wanted, system, problem }: LocalStatus): Reason[] {
  if (accepted === null || wanted === null || wanted === system.current) return [];
  const detail = problem === null ? "" : `: ${problem.message}`;
  const text = `it runs ${shortPath(system.current)} instead of ${shortPath(wanted)}${detail}`;
  return [{ reason: "elsewhere", text, todo: wayOut("refused") }];
}
