/** PURE. What a command came to: on each node in a word, and for whoever called in a code. */
import { errorCodes, isErrorCode } from "@chimera/proto/errors";
import type { ExecAction } from "@chimera/proto/sessions/session-order";
import { startedBy, type NodeView, type SessionView } from "./gather.ts";

export type Outcome =
  | { kind: "exited"; code: number }
  | { kind: "signalled"; signal: string; note: string | null }
  /** Nobody saw its end. */
  | { kind: "lost"; note: string | null }
  | { kind: "running" }
  | { kind: "refused"; code: string; reason: string }
  /** It took the order, and something kept it from beginning. */
  | { kind: "not-started"; code: string; reason: string }
  /** Nobody heard anything of it. */
  | { kind: "silent" };

export interface OutcomeRow {
  node: string;
  session: string | null;
  outcome: Outcome;
}

export function outcomeRows(view: NodeView, { copies }: Pick<ExecAction, "copies">): OutcomeRow[] {
  const { node, sessions } = view;
  const rows = sessions
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))
    .map((session): OutcomeRow => ({ node, session: session.name, outcome: outcomeOf(session) }));
  const missing = missingOutcome(view);
  return missing !== null && rows.length < copies
    ? [...rows, { node, session: null, outcome: missing }]
    : rows;
}

function outcomeOf({ facts }: SessionView): Outcome {
  if (facts === null || facts.state === "running") return { kind: "running" };
  const note = facts.note ?? null;
  if (facts.state === "ended" && facts.exitCode !== null) return { kind: "exited", code: facts.exitCode };
  if (facts.state === "ended" && facts.signal !== null)
    return { kind: "signalled", signal: facts.signal, note };
  return { kind: "lost", note };
}

/** Why a node shows fewer sessions than were ordered. */
function missingOutcome({ answer, sessions }: NodeView): Outcome | null {
  if (answer?.kind === "accepted") return missingOfAccepted(startedBy(answer), sessions.length);
  if (answer?.kind === "unproven")
    return { kind: "refused", code: "signature-invalid", reason: answer.reason };
  // What is seen to run was begun before anybody heard what it answered.
  if (sessions.length > 0) return null;
  return answer?.kind === "refused"
    ? { kind: "refused", code: answer.code, reason: answer.reason }
    : { kind: "silent" };
}

function missingOfAccepted(started: ReturnType<typeof startedBy>, seen: number): Outcome | null {
  if (started === null) return null;
  const { failed, names } = started;
  if (failed !== null) return { kind: "not-started", code: failed.code, reason: failed.message };
  return names.length > seen ? { kind: "running" } : null;
}

const failedCode = 1;

/** 0 only where all of it ended with 0: a command's own failure first, then what nobody saw the end of, what a node refused, and silence. */
export function exitOf(rows: readonly OutcomeRow[]): number {
  const outcomes = rows.map(({ outcome }) => outcome);
  if (outcomes.some((outcome) => isFailure(outcome))) return failedCode;
  if (outcomes.some(({ kind }) => kind === "lost")) return errorCodes["contact-lost"].exit;
  const refused = outcomes.find(({ kind }) => kind === "refused" || kind === "not-started");
  if (refused !== undefined && "code" in refused && typeof refused.code === "string")
    return isErrorCode(refused.code) ? errorCodes[refused.code].exit : errorCodes["tool-failed"].exit;
  const isOpen = outcomes.some(({ kind }) => kind === "silent" || kind === "running");
  return isOpen || outcomes.length === 0 ? errorCodes["deadline-exceeded"].exit : 0;
}

function isFailure(outcome: Outcome): boolean {
  return outcome.kind === "exited" ? outcome.code !== 0 : outcome.kind === "signalled";
}
