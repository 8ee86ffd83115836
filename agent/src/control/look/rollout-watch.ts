/**
 * SHELL. The lead node's record. It is not signed: it counts only for the accepted head, where it can delay, or go back as
 * far as the head consents. Any other is ignored.
 */
import type { AcceptedHead, TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import { mayReturn } from "@chimera/proto/effective";
import type { Digest } from "@chimera/proto/names";
import { mayFollow, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { TrustKeeper } from "../trust/trust-keeper.ts";
import type { Found } from "./read-stored.ts";

export interface RolloutWatch {
  take: (found: Found<RolloutRecord>, shown: Digest | null) => void;
  /** The newest one of the accepted head. */
  record: () => RolloutRecord | null;
  /** What the store said last, of whatever head; undefined before. */
  stored: () => RolloutRecord | null | undefined;
}

export interface RolloutWatchOptions {
  keeper: Pick<TrustKeeper, "state" | "clear" | "refuse" | "refuseMalformed">;
  /** Of an earlier run. */
  value: RolloutRecord | null;
  /** Over a restart without NATS a pause is still one. */
  save: (record: RolloutRecord) => void;
  /** Whether this machine has begun to go back from that head. */
  isBack: (head: Pick<AcceptedHead, "id" | "head">) => boolean;
  /** UTC, by this machine's clock. */
  nowMs: () => number;
  /** What others have signed of the accepted head's end. */
  proofs: () => { isBackProven: boolean; isEndProven: boolean };
  onChange: () => void;
  /** Told each record that says another thing than the one before: who leads it has it told. */
  onRecord: (record: RolloutRecord) => void;
}

export function createRolloutWatch(options: RolloutWatchOptions): RolloutWatch {
  const { keeper, value, save, onChange, onRecord } = options;
  let newest = value;
  let stored: RolloutRecord | null | undefined;
  const isEnd = (record: RolloutRecord) => isOver(keeper.state(), record, options);
  const take = (record: RolloutRecord) => {
    if (!mayFollow(newest, record, isEnd)) return;
    if (JSON.stringify(record) === JSON.stringify(newest)) return;
    const isNews = newest === null || gistOf(newest) !== gistOf(record);
    save(record);
    newest = record;
    if (isNews) onRecord(record);
    onChange();
  };
  const noteStored = (found: Found<RolloutRecord>) => {
    if (found.kind === "unanswered") return;
    const before = stored;
    stored = found.kind === "found" ? found.value : null;
    // Who may lead puts back what the store has lost.
    if (before !== undefined && before?.head !== stored?.head) onChange();
  };
  return {
    record: () => (newest?.head === keeper.state()?.head?.id ? newest : null),
    stored: () => stored,
    take(found, shown) {
      const state = keeper.state();
      noteStored(found);
      if (found.kind === "malformed") keeper.refuseMalformed("rollout", found.reason);
      if (state === null || found.kind !== "found") return;
      const refusal = refusalOf(state, found.value, shown);
      if (refusal !== null) {
        const what = { document: "rollout", id: found.value.head, signedBy: [], envelope: null } as const;
        keeper.refuse({ ...what, ...refusal });
      } else if (found.value.head === state.head?.id) {
        keeper.clear("rollout");
        take(found.value);
      }
    },
  };
}

function gistOf({ head, phase, reason, released }: RolloutRecord): string {
  return JSON.stringify([head, phase, reason, released]);
}

/**
 * For this node: it has committed, and so has everybody by their own signatures; or it goes back, or half of the world has. What the
 * record alone says is no end: anybody who reaches the store can write it.
 */
function isOver(
  state: TrustState | null,
  { phase, head: id }: RolloutRecord,
  { isBack, proofs, nowMs }: Pick<RolloutWatchOptions, "isBack" | "proofs" | "nowMs">,
): boolean {
  const accepted = state?.head ?? null;
  if (accepted?.id !== id) return false;
  if (phase === "committed") return hasCommitted(state, id) && proofs().isEndProven;
  const isBegun = isBack(accepted) || proofs().isBackProven;
  return phase === "returned" && (isBegun || isConsenting(state, accepted, nowMs()));
}

/** Never by an earlier time than what an operator has signed. */
function isConsenting(state: TrustState | null, { head }: AcceptedHead, nowMs: number): boolean {
  return mayReturn(head, state === null ? nowMs : nowOf({ state, judge: { nowMs } }));
}

/** Whether this node has. */
export function hasCommitted(state: TrustState | null, head: Digest): boolean {
  return state?.leaves.some((leaf) => leaf.head === head && leaf.committedAt !== null) === true;
}

/** Why a record is not heeded; null for one of the accepted head, and for one that is merely not about it now. */
function refusalOf(
  state: TrustState,
  { head, phase }: RolloutRecord,
  shown: Digest | null,
): { code: "consent-missing" | "rollout-foreign"; reason: string } | null {
  if (head !== state.head?.id) {
    if (isKnown(state, head, shown)) return null;
    const reason = `the rollout record is about head ${head}, which is not the accepted one`;
    return { code: "rollout-foreign", reason };
  }
  if (phase !== "returned" || state.head.head.consentUntil !== null) return null;
  const reason = "the rollout record asks to go back, and the accepted head does not consent to that";
  return { code: "consent-missing", reason };
}

/** Of a head before, whose lead has nothing more to say, or of the one that this node is about to accept. */
function isKnown({ leaves, head }: TrustState, id: Digest, shown: Digest | null): boolean {
  return id === shown || id === head?.head.previous || leaves.some((leaf) => leaf.head === id);
}
