/** PURE. What a receipt says of this node, and what the node learns about its systems from its own journal. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import { newestOf } from "@chimera/proto/acceptance/trust-state";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { ReceiptFacts } from "../control/receipts/receipt-book.ts";
import type { Pass } from "../loop.ts";
import type { Desired } from "../reconcile/decision.ts";
import { type Journal, type Step } from "../reconcile/journal.ts";
import { isSwitching } from "../reconcile/settled-toplevel.ts";

export function composeReceiptFacts(
  trust: TrustState | null,
  desired: Desired | null,
  pass: Pass | null,
): ReceiptFacts {
  const document = documentOf(trust, desired);
  const target = desired?.toplevel ?? null;
  if (pass === null) return { ...unseen, document, target };
  const { journal, decision, observed } = pass;
  return {
    document,
    target,
    state: decision.state,
    system: observed.system,
    isSwitching: isSwitching(journal),
    isCommitted: journal?.step === "committed" && journal.toplevel === target,
    isBegun: document !== null && journal?.order.id === document.id && journal.order.local === null,
  };
}

/** Before the first look at the machine. */
const unseen = {
  state: "idle",
  system: { current: null, booted: null, profile: null, bootDefault: null },
  isSwitching: true,
  isCommitted: false,
  isBegun: false,
} as const;

/** The newest that was accepted; a panic stands above the head that it undoes. */
function documentOf(trust: TrustState | null, desired: Desired | null): ReceiptFacts["document"] {
  const newest = trust === null ? null : newestOf(trust);
  if (trust === null || newest === null) return null;
  const { epoch, serial, rank } = newest.place;
  const kind = rank > 0 ? "panic" : "head";
  const acceptedAt = (rank > 0 ? trust.panic : trust.head)?.acceptedAt;
  if (acceptedAt === undefined) return null;
  const back = kind === "head" && isWayBackFrom(newest.id, desired) ? ({ rank: 1 } as const) : {};
  return { kind, id: newest.id, epoch, serial, acceptedAt, ...back };
}

/** The rollout of this head was taken back. */
function isWayBackFrom(head: Digest, desired: Desired | null): boolean {
  return desired !== null && desired.order.id === head && desired.order.rank > 0;
}

export interface FailedSystem {
  toplevel: StorePath;
  reason: string;
}

/** The head whose system this node has proven, as far as its journal says so. */
export function committedHead(journal: Journal | null): Digest | null {
  return journal?.step === "committed" && journal.order.rank === 0 ? journal.order.id : null;
}

/** One that begins again from here says nothing new about the system. */
const goingBack: ReadonlySet<Step> = new Set<Step>(["reverting", "reverted"]);

/**
 * The system that failed by itself, at the moment when the way back begins: not later, or an operator's pardon would be
 * taken back by the same old failure.
 */
export function failedSystem(before: Journal | null, next: Journal): FailedSystem | null {
  const { step, order, toplevel, lastCommitted, blame, problem } = next;
  const isGoingOn = before !== null && goingBack.has(before.step);
  if (step !== "reverting" || isGoingOn || blame !== "toplevel") return null;
  // What was proven once, and somebody else replaced, did not become bad by that.
  if (order.rank > 0 || toplevel === lastCommitted) return null;
  return { toplevel, reason: problem?.message ?? "its activation failed" };
}
