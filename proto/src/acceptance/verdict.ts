/** PURE. What becomes of a document at a node, and what the node knows while it judges. */
import type { ErrorCode } from "../errors.ts";
import { ChimeraError } from "../errors.ts";
import type { Digest, NodeName, WorldId } from "../names.ts";
import type { Fresh } from "../signed/fresh.ts";
import type { PublicKeyText } from "../signed/keys.ts";
import type { OpenedKeySet } from "../signed/key-set.ts";
import type { TrustState } from "./trust-state.ts";

export interface Judge {
  node: NodeName;
  nodeKey: PublicKeyText;
  /** Unix time by the machine's own clock, in milliseconds. */
  nowMs: number;
  /** After this long without a word of the controller's online key no new head is taken. */
  freshSeconds: number;
  /** Sessions that orders may still start here; absent where the node's own system lets them run and type nothing. */
  execRoom?: number;
}

export type Verdict =
  | { kind: "known" }
  /** Save the state, then act. */
  | { kind: "accepted"; state: TrustState; id: Digest; signedBy: string[] }
  /** A head that is right so far: fetch this node's leaf of that world, and judge again. */
  | { kind: "needs-leaf"; world: WorldId }
  /** A panic for a head that this node has not seen: read that head, and judge again. */
  | { kind: "needs-head"; id: Digest }
  | Refused;

export interface Refused {
  kind: "refused";
  code: ErrorCode;
  reason: string;
  /** Names of the keys whose signatures counted; empty when not even that is known. */
  signedBy: string[];
  /** Where even a refusal must be remembered, as two documents of one place. */
  state?: TrustState;
}

/** What the judgement of any document needs. */
export interface Bench {
  state: TrustState;
  keys: OpenedKeySet;
  judge: Judge;
}

const maxReason = 1024;

/** One line of bounded length: parts of the reason may come from whoever made the document up. */
export function refused(code: ErrorCode, reason: string, signedBy: readonly string[] = []): Refused {
  const line = reason.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ").slice(0, maxReason);
  return { kind: "refused", code, reason: line, signedBy: [...signedBy] };
}

/** What a document that does not open says of itself; any other error is a bug. */
export function refusedBy(error: unknown): Refused {
  if (error instanceof ChimeraError) return refused(error.code, error.message);
  throw error;
}

/**
 * The time that counts, in Unix milliseconds: no machine is earlier than the newest document of its operators that it has
 * verified, even if its clock says 1970. Holds and orders end by this time: the online key has no part in it.
 */
export function nowOf({
  state,
  judge,
}: {
  state: Pick<TrustState, "clockFloor">;
  judge: Pick<Judge, "nowMs">;
}): number {
  return Math.max(judge.nowMs, msOf(state.clockFloor));
}

/** The time for new heads: not before the online key's newest word either, since keeping heads out is all that it may do. */
export function newsTimeOf(bench: Pick<Bench, "state" | "judge">): number {
  return Math.max(nowOf(bench), msOf(bench.state.fresh?.at ?? null));
}

/** Only what operators sign moves the floor: an online key that was stolen must not be able to expire everything for ever. */
export function raiseFloor(state: TrustState, time: string): TrustState {
  return msOf(time) > msOf(state.clockFloor) ? { ...state, clockFloor: new Date(time).toISOString() } : state;
}

/** How long nothing fresh was heard, in milliseconds; null while the fleet has no online key. */
export function silenceOf({ keys, state, judge }: Bench): number | null {
  if (keys.set.roles.fresh === undefined) return null;
  return state.fresh === null ? Number.POSITIVE_INFINITY : judge.nowMs - msOf(state.fresh.at);
}

/** The newer of two words of the controller. */
export function isNewer(a: Fresh, b: Fresh | null): boolean {
  return b === null || msOf(a.at) > msOf(b.at);
}

/** Unix milliseconds; 0 for what was never said. */
export function msOf(time: string | null): number {
  return time === null ? 0 : Date.parse(time);
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
