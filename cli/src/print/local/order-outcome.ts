/** PURE. Whether a node has done what root ordered on it. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { JournalView, LocalStatus } from "@chimera/proto/local-api";
import type { LocalOrder } from "@chimera/proto/local-order";
import { printableLine } from "../printable.ts";

export type OrderOutcome =
  | { kind: "done" }
  | { kind: "failed"; code: ErrorCode; reason: string }
  | { kind: "waiting" };

/** Steps that the node does not leave by itself. */
const ends: ReadonlySet<string> = new Set(["reverted", "revert-failed", "refused", "stuck"]);

export function orderOutcome(status: LocalStatus, order: LocalOrder): OrderOutcome {
  const { journal, local, holds } = status;
  if (journal?.order.id === order.id) return outcomeOf(journal, status);
  if (local?.id !== order.id) {
    return {
      kind: "failed",
      code: "order-stale",
      reason: "something newer took its place before it was done",
    };
  }
  const hold = holds.signed ?? holds.local;
  if (hold === null) return { kind: "waiting" };
  return { kind: "failed", code: "held", reason: `held by ${hold.author} until ${hold.until}` };
}

function outcomeOf(journal: JournalView, { system, waiting }: LocalStatus): OrderOutcome {
  const { step, toplevel, problem } = journal;
  if (step === "committed" && system.current === toplevel) return { kind: "done" };
  if (!ends.has(step) && !needsPerson(step, waiting)) return { kind: "waiting" };
  const detail = problem?.message ?? waiting?.detail ?? "it gave no reason";
  return { kind: "failed", code: "activation-failed", reason: `${step}: ${detail}` };
}

/** It would restart for it, but may not. */
function needsPerson(step: string, waiting: LocalStatus["waiting"]): boolean {
  return step === "staged-for-reboot" && waiting?.reason === "needs-reboot";
}

/** One line; `status` is null while no agent answers. */
export function localProgress(status: LocalStatus | null): string {
  if (status === null) return "the agent is away";
  const detail = status.waiting?.detail ?? "";
  return printableLine(detail === "" ? status.state : `${status.state} (${detail})`);
}
