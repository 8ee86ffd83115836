/**
 * SHELL. What the lead hears of the fleet: every node's newest signed status, and when it was last heard at all. A status counts
 * only with the key that the signed waves give its node.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { NodeName, type Digest, type FleetId } from "@chimera/proto/names";
import { Envelope, openEnvelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { isBackFrom, isGoingBackFrom } from "@chimera/proto/rollout/back-receipts";
import { isCommitOf } from "@chimera/proto/rollout/wave-receipts";
import { openReceipt, type Receipt } from "@chimera/proto/signed/receipt";
import { NodeStatus } from "@chimera/proto/status";
import { subjects } from "@chimera/proto/subjects";
import pLimit from "p-limit";
import type { NodeSight } from "../../rollout/lead-sight.ts";
import { sightOfStatus } from "../../rollout/sight-of-status.ts";
import type { EndWord } from "../../rollout/told-end.ts";
import type { Connection } from "../connection.ts";
import { parseBounded, readEnvelope } from "../look/read-stored.ts";

export interface FleetEar {
  /** Reads what was said while nobody listened; of several calls one reads. */
  readAll: () => void;
  /** False until everybody's word was read: who is not known yet is not away. */
  isRead: () => boolean;
  /** This program could not hear for a while: what was not heard then is nobody's silence. */
  wasDeaf: () => void;
  sights: (head: Digest) => Map<NodeName, NodeSight>;
  /** Receipts of these nodes that say that they have committed this head. */
  receiptsOf: (nodes: readonly NodeName[], head: Digest) => Envelope[];
  /** Who says that this head's rollout is over, and runs what that asks for. */
  ends: (head: Digest) => EndWord[];
  /** Whether anybody has signed that it has begun to go back from this head: nobody begins that without its consent. */
  isGoingBack: (head: Digest) => boolean;
}

export interface FleetEarOptions {
  connection: Connection;
  fleetId: FleetId;
  keys: ReadonlyMap<NodeName, PublicKeyText>;
  /** Any clock that does not step. */
  nowMs: () => number;
  log: Log;
}

interface Heard {
  status: NodeStatus;
  receipt: Receipt | null;
  envelope: Envelope | null;
}

interface State extends FleetEarOptions {
  said: Map<NodeName, Heard>;
  heardMs: Map<NodeName, number>;
  /** Since then it hears without a gap. */
  listensMs: number;
  isRead: boolean;
  isReading: boolean;
}

const readLimit = pLimit(64);

export function openFleetEar(options: FleetEarOptions): FleetEar {
  const { connection, fleetId, nowMs } = options;
  const begun = { listensMs: nowMs(), isRead: false, isReading: false };
  const state: State = { ...options, ...begun, said: new Map(), heardMs: new Map() };
  connection.subscribe(subjects.all.beats(fleetId), (_, subject) => hear(state, nodeIn(subject)));
  connection.subscribe(subjects.status(fleetId, "*"), (data, subject) => {
    const node = nodeIn(subject);
    const parsed = parseBounded(data, Envelope);
    if (parsed.kind === "found" && take(state, { node, envelope: parsed.value, isNews: true }))
      hear(state, node);
  });
  return {
    readAll: () => void readAll(state),
    isRead: () => state.isRead,
    wasDeaf: () => {
      state.listensMs = nowMs();
    },
    sights: (head) =>
      new Map(
        [...state.said].map(([node, { status, receipt }]) => [
          node,
          sightOfStatus({ status, receipt, silentMs: silentMs(state, node) }, head),
        ]),
      ),
    receiptsOf: (nodes, head) =>
      nodes.flatMap((node) => {
        const heard = state.said.get(node);
        const { receipt = null, envelope = null } = heard ?? {};
        return receipt !== null && envelope !== null && isCommitOf(receipt, head) ? [envelope] : [];
      }),
    ends: (head) => [...state.said].flatMap(([node, heard]) => endOf(node, heard, head) ?? []),
    isGoingBack: (head) =>
      [...state.said.values()].some(({ receipt }) => receipt !== null && isGoingBackFrom(receipt, head)),
  };
}

function endOf(node: NodeName, { status, receipt, envelope }: Heard, head: Digest): EndWord | null {
  if (receipt === null || envelope === null) return null;
  if (isBackFrom(receipt, head)) {
    // An agent of before says only when it was back.
    const at = toldAt(status, head, "returned") ?? receipt.times.active ?? receipt.at;
    return { node, phase: "returned", receipt: envelope, at };
  }
  const at = toldAt(status, head, "committed");
  return at === null || !isCommitOf(receipt, head)
    ? null
    : { node, phase: "committed", receipt: envelope, at };
}

function toldAt({ rollout = null, accepted }: NodeStatus, head: Digest, phase: string): string | null {
  return rollout?.phase === phase && accepted?.id === head ? rollout.at : null;
}

/** Again for those that were not answered, at the next call. */
async function readAll(state: State): Promise<void> {
  if (state.isReading) return;
  state.isReading = true;
  const answered = await Promise.all(
    [...state.keys.keys()].map((node) => readLimit(() => readOne(state, node))),
  );
  state.isRead = answered.every((isAnswered) => isAnswered);
  state.isReading = false;
}

/** What lies in the store may be old: only who speaks now was heard. False when nobody answered. */
async function readOne(state: State, node: NodeName): Promise<boolean> {
  const found = await readEnvelope(state.connection, subjects.statusGet(state.fleetId, node));
  if (found.kind === "found") take(state, { node, envelope: found.value, isNews: false });
  return found.kind !== "unanswered";
}

function nodeIn(subject: string): NodeName | undefined {
  return NodeName.safeParse(subject.slice(subject.lastIndexOf(".") + 1)).data;
}

function hear({ heardMs, keys, nowMs }: State, node: NodeName | undefined): void {
  if (node !== undefined && keys.has(node)) heardMs.set(node, nowMs());
}

/** Since it was heard, or since this program hears without a gap. */
function silentMs({ heardMs, listensMs, nowMs }: State, node: NodeName): number {
  return nowMs() - Math.max(heardMs.get(node) ?? listensMs, listensMs);
}

interface Word {
  node: NodeName | undefined;
  envelope: Envelope;
  /** Said just now: it counts whatever its node's clock shows. What lies in the store counts only where it is newer. */
  isNews: boolean;
}

/** False for what its node did not sign. */
function take(state: State, { node, envelope, isNews }: Word): boolean {
  const key = node === undefined ? undefined : state.keys.get(node);
  if (node === undefined || key === undefined) return false;
  try {
    const role = { keys: [key], threshold: 1 };
    const { message: status } = openEnvelope(envelope, { kind: "status", role }, NodeStatus);
    if (status.node !== node) return false;
    const known = state.said.get(node);
    if (!isNews && known !== undefined && known.status.at >= status.at) return true;
    state.said.set(node, { status, ...receiptIn(status, key) });
    return true;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.log.debug({ node, reason: errorChain(error).slice(0, 300) }, "a status was refused");
    return false;
  }
}

function receiptIn(
  { receipt }: NodeStatus,
  key: PublicKeyText,
): { receipt: Receipt | null; envelope: Envelope | null } {
  if (receipt === null || receipt === undefined) return { receipt: null, envelope: null };
  try {
    return { receipt: openReceipt(receipt, key), envelope: receipt };
  } catch (error) {
    if (error instanceof ChimeraError) return { receipt: null, envelope: null };
    throw error;
  }
}
