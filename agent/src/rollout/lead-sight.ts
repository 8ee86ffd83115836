/** PURE. What the lead sees of a rollout, and what it may decide. */
import type { Digest, NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Head } from "@chimera/proto/signed/head";
import type { Nonce } from "@chimera/proto/signed/order";

/** One node, by its own signed status and receipt. */
export interface NodeSight {
  /** Since it was last heard; null where it never was. */
  silentMs: number | null;
  /** Whether what it says is about this head. */
  hasHead: boolean;
  /** When it took it, by its own clock; null where it has not. */
  acceptedAt: string | null;
  /** A newer node may say one that this lead does not know. */
  state: string;
  /** Why it does nothing now; null where it works or has settled. */
  waiting: string | null;
  /** What it says about why it waits, else its newest problem, in its words. */
  problem: string;
  /** It went back because nobody was reached. */
  lostContact: boolean;
  /** Its own checks failed after its commit, and its policy is to stop the fleet. */
  asksHold: boolean;
  /** Its receipt says so, signed by its key. */
  isProven: boolean;
  /** By its receipt it has at least begun to go back, since somebody told it that the fleet does. */
  isGoingBack: boolean;
}

/** What an operator signed for this rollout. */
export interface Ask {
  nonce: Nonce;
  createdAt: string;
  kind: "pause" | "resume" | "abort";
  author: string;
  reason: string;
}

export interface LeadSight {
  /** Any clock that does not step. */
  nowMs: number;
  /** When this lead began with the phase that the record is in. */
  sinceMs: number;
  /** When this lead saw the record let nodes go that might not go before, or go again. */
  releasedMs: number;
  /** When this lead saw one more node fail for lack of contact than before; null where it saw none. */
  lostMs: number | null;
  /** UTC, in ms since 1970 and as the record says it. */
  utcMs: number;
  at: string;
  /** Whether the head still consents to go back. */
  mayReturn: boolean;
  head: { id: Digest; head: Head };
  policy: RolloutPolicy;
  waves: readonly (readonly NodeName[])[];
  record: RolloutRecord;
  nodes: ReadonlyMap<NodeName, NodeSight>;
  /** The newest one; null without. Once it is answered it says nothing any more. */
  ask: Ask | null;
}

export interface LeadStep {
  /** To be written in place of the one that was seen; null: nothing changes. */
  record: RolloutRecord | null;
  /** The wave whose receipts must lie ready before that; null: none. */
  gate: number | null;
  /** What is waited for, for people; empty where the rollout is over. */
  waiting: string;
  /** How many have failed for lack of contact. */
  lost: number;
}
