/** SHELL. What nodes say in NATS while a panic is watched: receipts on their ack subjects, and their signed status. */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { openEnvelope, type Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import { NodeStatus } from "@chimera/proto/status";
import { subjects } from "@chimera/proto/subjects";
import pLimit from "p-limit";
import type { NatsLink } from "../../nats/connection.ts";
import { envelopeOf, readDocument } from "./nats-documents.ts";
import type { NodeWord } from "../panic-progress.ts";

const readsAtOnce = 64;
/** More than a node says within one look; whoever floods loses only its own oldest words. */
const maxWaiting = 8;
/** A message may be lost, and a node that knew the panic already says nothing anew: then its kept status is read. */
const rereadMs = 2_000;

interface Heard {
  acks: Envelope[];
  status: Envelope | null;
}

export interface NodeEar {
  /** What these nodes said since the last call. */
  words: (open: readonly Leaf[]) => Promise<NodeWord[]>;
}

/** Listens from now on, to these nodes alone. */
export function createNodeEar(link: NatsLink, fleetId: FleetId, nodes: ReadonlySet<string>): NodeEar {
  const heard = new Map<string, Heard>();
  const note = (node: string, change: (of: Heard) => Heard): void => {
    heard.set(node, change(heard.get(node) ?? { acks: [], status: null }));
  };
  const hear = (take: (of: Heard, envelope: Envelope) => Heard) => (data: Uint8Array, subject: string) => {
    const node = subject.slice(subject.lastIndexOf(".") + 1);
    const envelope = nodes.has(node) ? envelopeOf(data) : null;
    if (envelope !== null) note(node, (of) => take(of, envelope));
  };
  link.subscribe(
    subjects.all.acks(fleetId),
    hear((of, envelope) => ({ ...of, acks: [...of.acks, envelope].slice(-maxWaiting) })),
  );
  link.subscribe(
    subjects.status(fleetId, "*"),
    hear((of, status) => ({ ...of, status })),
  );
  const sweep = keptSweep(link, fleetId, (node, kept) =>
    note(node, (of) => ({ ...of, status: of.status ?? kept })),
  );
  return {
    async words(open) {
      sweep(open);
      const said = open.flatMap((leaf) => wordsOf(leaf, fleetId, heard.get(leaf.node)));
      heard.clear();
      return said;
    },
  };
}

/** Reads the kept status of these nodes, when it is time. One sweep at a time: of a large fleet it takes longer than the pause. */
function keptSweep(
  link: NatsLink,
  fleetId: FleetId,
  take: (node: NodeName, status: Envelope) => void,
): (open: readonly Leaf[]) => void {
  let isReading = false;
  let nextMs = 0;
  const readOne = async ({ node }: Leaf): Promise<void> => {
    const found = await readDocument(link, subjects.statusGet(fleetId, node));
    if (found.kind === "found") take(node, found.envelope);
  };
  const readAll = async (open: readonly Leaf[]): Promise<void> => {
    isReading = true;
    const limit = pLimit(readsAtOnce);
    await Promise.all(open.map((leaf) => limit(() => readOne(leaf))));
    isReading = false;
    nextMs = performance.now() + rereadMs;
  };
  return (open) => {
    if (!isReading && performance.now() >= nextMs) void readAll(open);
  };
}

function wordsOf(leaf: Leaf, fleetId: FleetId, heard: Heard | undefined): NodeWord[] {
  if (heard === undefined) return [];
  const { node } = leaf;
  const acks = heard.acks.map((receipt) => ({ node, receipt, state: null, problem: null }));
  return [...acks, ...statusWord(leaf, fleetId, heard.status)];
}

/** Nothing for a status that the node did not sign. */
function statusWord({ node, nodeKey }: Leaf, fleetId: FleetId, envelope: Envelope | null): NodeWord[] {
  if (envelope === null) return [];
  try {
    const role = { keys: [nodeKey], threshold: 1 };
    const { message } = openEnvelope(envelope, { kind: "status", role }, NodeStatus);
    if (message.node !== node || message.fleetId !== fleetId) return [];
    const { receipt = null, state, problem } = message;
    return [{ node, receipt, state, problem: problem?.message ?? null }];
  } catch (error) {
    if (error instanceof ChimeraError) return [];
    throw error;
  }
}
