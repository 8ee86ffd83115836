/** PURE. What became of each document on each node, folded from receipts, statuses and events as they come. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { knownEvent, type NodeEvent } from "@chimera/proto/event";
import { Digest, type FleetId, type NodeName, type StorePath } from "@chimera/proto/names";
import type { StoredEvent } from "@chimera/proto/past-api";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt, type Receipt } from "@chimera/proto/signed/receipt";
import type { NodeStatus } from "@chimera/proto/status";
import { z } from "zod";
import { better, eventResult, receiptResult, statusResult, type NodeResult } from "./outcome.ts";

/** Of a node's leaf: as little as it takes, for there are many. */
interface RosterEntry {
  nodeKey: PublicKeyText;
  toplevel: StorePath;
}

/** The nodes that a document is for. */
export type Roster = ReadonlyMap<NodeName, RosterEntry>;

export interface LedgerItem {
  id: Digest;
  kind: "head" | "panic";
  roster: Roster;
}

export interface Ledger {
  takeEvent(stored: StoredEvent): void;
  /** `verified` as checked here. */
  takeView(view: NodeView): void;
  /** By node; who is not in it never answered. */
  resultsOf(id: Digest): ReadonlyMap<NodeName, NodeResult>;
  /** Receipts that the node did not sign. */
  forged(): number;
}

export function createLedger(fleetId: FleetId, listed: readonly LedgerItem[]): Ledger {
  const items = new Map<string, LedgerItem>(listed.map((item) => [item.id, item]));
  const results = new Map<Digest, Map<NodeName, NodeResult>>();
  let forged = 0;
  const note: Note = (id, node, judge) => {
    const item = items.get(id ?? "");
    const entry = item?.roster.get(node);
    if (item === undefined || entry === undefined) return;
    const result = judge({ kind: item.kind, ...entry });
    if (result === null) return;
    const own = results.get(item.id) ?? new Map<NodeName, NodeResult>();
    own.set(node, better(own.get(node), result));
    results.set(item.id, own);
  };
  const takeReceipt: Takers["takeReceipt"] = (node, envelope, wanted = () => true) =>
    note(aboutOf(envelope), node, (judged) => {
      const receipt = signedReceipt(envelope, judged.nodeKey);
      if (receipt !== null && receipt.node === node && receipt.fleetId === fleetId) {
        const result = receiptResult(receipt, judged);
        return wanted(result) ? result : null;
      }
      forged += 1;
      return null;
    });
  return {
    forged: () => forged,
    resultsOf: (id) => results.get(id) ?? new Map(),
    takeEvent({ event: told }) {
      const event = knownEvent(told);
      if (event === null) return;
      if (event.type === "receipt") takeReceipt(event.source, event.data.receipt);
      note(documentOf(event), event.source, (judged) => eventResult(event, judged));
    },
    takeView: ({ node, status, verified }) => {
      if (verified && status !== null) takeStatus(node, status, { note, takeReceipt });
    },
  };
}

/** Takes what `judge` makes of it where the document is asked for, and is for that node. */
type Note = (
  id: string | null,
  node: NodeName,
  judge: (judged: RosterEntry & Pick<LedgerItem, "kind">) => NodeResult | null,
) => void;

interface Takers {
  note: Note;
  takeReceipt: (node: NodeName, envelope: Envelope, wanted?: (result: NodeResult) => boolean) => void;
}

const commitsOnly = ({ outcome }: NodeResult) => outcome === "committed";

/**
 * Under a panic its state is no word on the head any more. Of its newest receipt only a commit counts: one that was made when
 * it took the document has the state word of the order before; those in the stream were made at rest.
 */
function takeStatus(node: NodeName, status: NodeStatus, { note, takeReceipt }: Takers): void {
  const { receipt = null, accepted, panic = null } = status;
  if (receipt !== null) takeReceipt(node, receipt, commitsOnly);
  if (panic === null) note(accepted?.id ?? null, node, (judged) => statusResult(status, judged));
}

/** Whose document an event is about. */
function documentOf(event: NodeEvent): Digest | null {
  if (event.type === "document-accepted" || event.type === "document-refused") return event.data.id;
  return event.type === "state-changed" ? (event.data.order?.id ?? null) : null;
}

const About = z.object({ document: z.object({ id: Digest }) });

/** Before its signature is checked, which costs most: it may be about a document that nobody asked for. */
function aboutOf(envelope: Envelope): Digest | null {
  return orNull(() => parsePayload(payloadOf(envelope, "receipt"), About).document.id);
}

function signedReceipt(envelope: Envelope, nodeKey: PublicKeyText): Receipt | null {
  return orNull(() => openReceipt(envelope, nodeKey));
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
