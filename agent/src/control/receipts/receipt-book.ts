/**
 * SHELL. Receipts: this node's signed word on the newest head or panic, and on each order. A time is the first moment at
 * which the node saw it to be so; it is kept over a restart, and never moves.
 */
import type { AckMessage } from "@chimera/proto/api";
import type { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Receipt } from "@chimera/proto/signed/receipt";
import type { StateWord } from "@chimera/proto/state-word";
import type { NodeStatus } from "@chimera/proto/status";

type Named = Pick<Receipt["document"], "id" | "rank">;

/** What the node sees of itself. */
export interface ReceiptFacts {
  /** The newest head or panic; null before the first. */
  document: (Named & { kind: "head" | "panic"; epoch: number; serial: number; acceptedAt: string }) | null;
  target: StorePath | null;
  state: StateWord;
  system: NodeStatus["system"];
  /** An activation or a way back runs: what runs now is not yet what will. */
  isSwitching: boolean;
  /** Where no reader knows the loader: the journal says that the target was made its default. */
  isCommitted: boolean;
  /** The journal is about the document: until then the state word is still the one of the order before. */
  isBegun: boolean;
}

export interface ReceiptBook {
  /** Says it anew where a time was reached. */
  note: () => void;
  forOrder: (order: Digest) => Envelope;
  newest: () => Envelope | null;
}

export interface ReceiptBookOptions {
  node: NodeName;
  fleetId: FleetId;
  signer: Signer;
  /** The newest of an earlier run. */
  value: Receipt | null;
  save: (receipt: Receipt) => void;
  facts: () => ReceiptFacts;
  acknowledge: (message: AckMessage) => void;
  /** Told what is to outlive the next document: how the node came to rest with this one. */
  onRest: (receipt: Envelope) => void;
}

export function createReceiptBook(options: ReceiptBookOptions): ReceiptBook {
  const { signer, value, save, facts, acknowledge, onRest } = options;
  let receipt = value?.fleetId === options.fleetId && value.node === options.node ? value : null;
  let sealed = receipt === null ? null : seal("receipt", receipt, [signer]);
  return {
    newest: () => sealed,
    note() {
      const seen = facts();
      const next = nextReceipt(receipt, options, seen);
      if (next === null || (receipt !== null && isSame(receipt, next))) return;
      receipt = next;
      sealed = seal("receipt", next, [signer]);
      acknowledge(sealed);
      save(next);
      if (isAtRest(next, seen)) onRest(sealed);
    },
    forOrder: (order) => seal("receipt", orderReceipt(order, options, facts()), [signer]),
  };
}

type Owner = Pick<ReceiptBookOptions, "node" | "fleetId">;

function nextReceipt(before: Receipt | null, { node, fleetId }: Owner, facts: ReceiptFacts): Receipt | null {
  const { document, target, state, system } = facts;
  if (document === null) return null;
  const { acceptedAt, ...named } = document;
  const earlier = before !== null && isAbout(before.document, document) ? before.times : null;
  const at = new Date().toISOString();
  return {
    v: 1,
    kind: "receipt",
    fleetId,
    node,
    document: named,
    state,
    target,
    current: system.current,
    times: { ack: earlier?.ack ?? acceptedAt, ...reached(earlier, facts, at) },
    at,
  };
}

/** The way back from a head is another thing than the way to it. */
function isAbout(one: Named, other: Named): boolean {
  return one.id === other.id && one.rank === other.rank;
}

type Reached = Omit<Receipt["times"], "ack">;

function reached(earlier: Reached | null, facts: ReceiptFacts, at: string): Reached {
  const { target, system, isSwitching, isCommitted } = facts;
  const { active, pointer, boot } = earlier ?? { active: null, pointer: null, boot: null };
  const names = (path: StorePath | null) => target !== null && path === target;
  const isDefault = system.bootDefault === null ? isCommitted : names(system.bootDefault);
  return {
    active: active ?? (names(system.current) && !isSwitching ? at : null),
    pointer: pointer ?? (names(system.profile) ? at : null),
    boot: boot ?? (isDefault ? at : null),
  };
}

/** States on the way: a receipt for each would say nothing that its times do not say. */
const passing: ReadonlySet<Receipt["state"]> = new Set([
  "fetching",
  "staged",
  "activating",
  "probation",
  "committing",
  "reverting",
]);

/** States of a document that a node has not begun with, and may never begin with. */
const notBegun: ReadonlySet<Receipt["state"]> = new Set(["held", "quarantined", "panic-no-target"]);

function isAtRest({ state }: Receipt, { isBegun }: ReceiptFacts): boolean {
  return isBegun ? !passing.has(state) : notBegun.has(state);
}

function isSame(a: Receipt, b: Receipt): boolean {
  return (
    isAbout(a.document, b.document) &&
    a.target === b.target &&
    (a.state === b.state || passing.has(b.state)) &&
    JSON.stringify(a.times) === JSON.stringify(b.times)
  );
}

function orderReceipt(order: Digest, { node, fleetId }: Owner, { state, system }: ReceiptFacts): Receipt {
  const at = new Date().toISOString();
  return {
    v: 1,
    kind: "receipt",
    fleetId,
    node,
    document: { kind: "order", id: order, epoch: null, serial: null },
    state,
    target: null,
    current: system.current,
    times: { ack: at, active: null, pointer: null, boot: null },
    at,
  };
}
