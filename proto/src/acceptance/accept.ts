/**
 * PURE. The one function by which a node takes anything that could change it: (state, document, clock) to accepted,
 * known or refused with a reason. Whoever carried the document here does not matter.
 */
import type { Envelope } from "../signed/envelope.ts";
import type { LeafProof } from "../signed/world.ts";
import { acceptFresh, acceptKeySet } from "./accept-keys.ts";
import { acceptHead } from "./accept-head.ts";
import { acceptOrder } from "./accept-order.ts";
import { acceptPanic } from "./accept-panic.ts";
import { openKeys, type TrustState } from "./trust-state.ts";
import type { Bench, Judge, Verdict } from "./verdict.ts";

export type Incoming =
  | { kind: "keys"; envelope: Envelope }
  /** Without its leaf a head that is right so far is answered by `needs-leaf`. */
  | { kind: "head"; envelope: Envelope; proof: LeafProof | null }
  /** `undone` is the newest head of the store, where this node has not accepted it. */
  | { kind: "panic"; envelope: Envelope; undone: Envelope | null }
  | { kind: "order"; envelope: Envelope }
  | { kind: "fresh"; envelope: Envelope };

export function accept(state: TrustState, document: Incoming, judge: Judge): Verdict {
  const bench: Bench = { state, judge, keys: openKeys(state) };
  switch (document.kind) {
    case "keys":
      return acceptKeySet(bench, document.envelope);
    case "head":
      return acceptHead(bench, document.envelope, document.proof);
    case "panic":
      return acceptPanic(bench, document.envelope, document.undone);
    case "order":
      return acceptOrder(bench, document.envelope);
    case "fresh":
      return acceptFresh(bench, document.envelope);
  }
}
