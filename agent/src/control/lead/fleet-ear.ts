/**
 * SHELL. What the lead hears of the fleet: every node's newest signed status, and when it was last heard at all. A status counts
 * only with the key that the signed waves give its node.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { NodeName, type Digest, type FleetId } from "@chimera/proto/names";
import { Envelope, openEnvelope, parsePayload, payloadOf } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt, type Receipt } from "@chimera/proto/signed/receipt";
import { NodeStatus } from "@chimera/proto/status";
import { subjects } from "@chimera/proto/subjects";
import pLimit from "p-limit";
import type { NodeSight } from "../../rollout/lead-sight.ts";
import { sightOfStatus } from "../../rollout/sight-of-status.ts";
import type { Connection } from "../connection.ts";
import { parseBounded, readEnvelope } from "../look/read-stored.ts";

export interface FleetEar {
  /** Reads what was said while nobody listened. */
  readAll: () => Promise<void>;
  sights: (head: Digest) => Map<NodeName, NodeSight>;
  /** Receipts of these nodes that say that they have committed this head. */
  receiptsOf: (nodes: readonly NodeName[], head: Digest) => Envelope[];
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
}

const readsAtOnce = 64;

export function openFleetEar(options: FleetEarOptions): FleetEar {
  const state: State = { ...options, said: new Map(), heardMs: new Map() };
  const { connection, fleetId, keys } = options;
  connection.subscribe(subjects.all.beats(fleetId), (_, subject) => hear(state, subject));
  connection.subscribe(subjects.status(fleetId, "*"), (data, subject) => {
    const parsed = parseBounded(data, Envelope);
    if (parsed.kind === "found" && take(state, parsed.value)) hear(state, subject);
  });
  const limit = pLimit(readsAtOnce);
  return {
    async readAll() {
      await Promise.all([...keys.keys()].map((node) => limit(() => readOne(state, node))));
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
        const isProof = heard?.receipt?.document.id === head && heard.receipt.state === "committed";
        return isProof && heard.envelope !== null ? [heard.envelope] : [];
      }),
  };
}

/** What lies in the store may be old: only who speaks now was heard. */
async function readOne(state: State, node: NodeName): Promise<void> {
  const found = await readEnvelope(state.connection, subjects.statusGet(state.fleetId, node));
  if (found.kind === "found") take(state, found.value);
}

function hear({ heardMs, keys, nowMs }: State, subject: string): void {
  const node = NodeName.safeParse(subject.slice(subject.lastIndexOf(".") + 1)).data;
  if (node !== undefined && keys.has(node)) heardMs.set(node, nowMs());
}

/** Since it was heard, or since this program began to listen. */
function silentMs({ heardMs, nowMs }: State, node: NodeName): number {
  return nowMs() - (heardMs.get(node) ?? 0);
}

/** False for what its node did not sign, and for what is older than what is known. */
function take(state: State, envelope: Envelope): boolean {
  try {
    const { node } = parsePayload(payloadOf(envelope, "status"), NodeStatus);
    const key = state.keys.get(node);
    if (key === undefined) return false;
    const role = { keys: [key], threshold: 1 };
    const { message: status } = openEnvelope(envelope, { kind: "status", role }, NodeStatus);
    const known = state.said.get(node);
    if (known !== undefined && known.status.at > status.at) return false;
    state.said.set(node, { status, ...receiptIn(status, key) });
    return true;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.log.debug({ reason: errorChain(error).slice(0, 300) }, "a status was refused");
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
