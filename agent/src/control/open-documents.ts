/** SHELL. The parts that take documents in: who judges them, who reads them, who answers for them. */
import type { AcceptedHead, TrustState } from "@chimera/proto/acceptance/trust-state";
import type { AckMessage } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Receipt } from "@chimera/proto/signed/receipt";
import type { Connection } from "./connection.ts";
import type { KnownWaves } from "./look/known-waves.ts";
import { fetchLeafProof } from "./look/leaf.ts";
import { createLook, type Look } from "./look/look.ts";
import { createRolloutWatch, type RolloutWatch } from "./look/rollout-watch.ts";
import { openWaves, type Waves } from "./look/open-waves.ts";
import { createStoreWatch, type StoreWatch } from "./look/watch-store.ts";
import { answerSigned, type AnswerNeeds } from "./orders/answer-signed.ts";
import { createOrderDesk, type OrderDesk } from "./orders/order-desk.ts";
import { createReceiptBook, type ReceiptBook, type ReceiptFacts } from "./receipts/receipt-book.ts";
import type { TrustStart } from "./trust/open-trust.ts";
import { tellOwnRollouts } from "./rollout-event.ts";
import type { Problem } from "./trust/refusal-book.ts";
import type { Floor } from "./trust/refuse-below.ts";
import { createTrustKeeper, type TrustKeeper } from "./trust/trust-keeper.ts";

/** A document that outlives the agent. */
export interface Kept<T> {
  value: T | null;
  save: (value: T) => void;
}

export interface DocumentOptions extends AnswerNeeds {
  controllerUrl: string;
  token: () => string;
  trust: TrustStart;
  /** What the journal has begun. */
  floor: Floor;
  freshSeconds: number;
  saveTrust: (state: TrustState) => void;
  rollout: Kept<RolloutRecord>;
  waves: Kept<KnownWaves>;
  /** Whether this machine has begun to go back from that head. */
  isBack: (head: Pick<AcceptedHead, "id" | "head">) => boolean;
  receipt: Kept<Receipt>;
  /** Must answer from the first moment on. */
  receiptFacts: (keeper: TrustKeeper) => ReceiptFacts;
  onJudged: () => void;
  log: Log;
}

/** What the node was told, and what it makes of that. */
export interface Told {
  keeper: TrustKeeper;
  rollout: RolloutWatch["record"];
  /** The same of the store alone; undefined while nobody has said. */
  storedRollout: RolloutWatch["stored"];
  waves: Waves["facts"];
  receipt: () => Envelope | null;
  problems: () => (Problem | null)[];
}

export interface Documents {
  told: Told;
  look: Look;
  orders: OrderDesk;
  receipts: ReceiptBook;
  watch: StoreWatch;
  /** Writes what waits to be written. */
  settle: () => void;
}

export interface Wires {
  connection: Connection;
  report: (event: NodeEventBody) => void;
  acknowledge: (message: AckMessage) => void;
}

export function openDocuments(options: DocumentOptions, wires: Wires): Documents {
  const { node, fleetId, freshSeconds, controllerUrl, token } = options;
  const { report, connection } = wires;
  const log = options.log.child({ component: "documents" });
  const { keeper, receipts, settle } = openTrusted(options, { ...wires, log });
  const onNews = options.onJudged;
  const parts = { ...bestEffort(options.rollout, log), keeper, onChange: onNews };
  const rollout = createRolloutWatch({
    ...parts,
    isBack: options.isBack,
    proofs: () => waves.facts(),
    nowMs: () => Date.now(),
    onRecord: tellOwnRollouts(node, report),
  });
  const kept = bestEffort(options.waves, log);
  const waves = openWaves({ ...options, ...kept, connection, keeper, onChange: onNews, log });
  const { state, keySet } = keeper;
  const watch = createStoreWatch({ state, keySet, freshSeconds, report, onNews, log });
  const orders = createOrderDesk({
    keeper,
    receiptFor: receipts.forOrder,
    perform: (accepted) => answerSigned(options, accepted),
    acknowledge: wires.acknowledge,
  });
  const look = createLook({
    connection,
    fleetId,
    keeper,
    orders,
    rollout,
    waves,
    watch,
    fetchLeaf: (world) => fetchLeafProof(controllerUrl, token(), { world, node }),
    log,
  });
  const told = toldBy({ keeper, rollout, waves, receipts, watch });
  return { told, look, orders, receipts, watch, settle };
}

interface Tellers {
  keeper: TrustKeeper;
  rollout: RolloutWatch;
  waves: Waves;
  receipts: ReceiptBook;
  watch: StoreWatch;
}

function toldBy({ keeper, rollout, waves, receipts, watch }: Tellers): Told {
  return {
    keeper,
    rollout: rollout.record,
    storedRollout: rollout.stored,
    waves: waves.facts,
    receipt: receipts.newest,
    problems: () => problemsOf(keeper, watch),
  };
}

/** Why a document was refused says more than the alarm that has the same cause. */
function problemsOf(keeper: TrustKeeper, watch: StoreWatch): (Problem | null)[] {
  const [judged, alarm] = [keeper.problem(), watch.problem()];
  return judged !== null && judged.code === alarm?.code ? [judged] : [judged, alarm];
}

/** What only helps after a restart must not stop what is under way, as a panic, when the disk is full. */
function bestEffort<T>({ value, save }: Kept<T>, log: Log): Kept<T> {
  return {
    value,
    save(next) {
      try {
        save(next);
      } catch (error) {
        if (!(error instanceof ChimeraError)) throw error;
        log.warn({ error }, "document was not stored");
      }
    },
  };
}

/** Whatever is accepted is acknowledged in the same breath. */
function openTrusted(
  options: DocumentOptions,
  { report, acknowledge, log }: Wires & { log: Log },
): { keeper: TrustKeeper; receipts: ReceiptBook; settle: () => void } {
  const { node, fleetId, signer, freshSeconds, trust: start, floor, saveTrust: save } = options;
  let receipts: ReceiptBook | null = null;
  const onJudged = () => {
    receipts?.note();
    options.onJudged();
  };
  const identity = { node, nodeKey: signer.publicKey };
  const keeper = createTrustKeeper({
    start,
    identity,
    freshSeconds,
    floor,
    execRoom: options.sessionOrders?.room,
    save,
    report,
    onJudged,
    log,
  });
  const facts = () => options.receiptFacts(keeper);
  const kept = writtenSoon(bestEffort(options.receipt, log));
  receipts = createReceiptBook({
    ...kept,
    node,
    fleetId,
    signer,
    facts,
    acknowledge,
    onRest: (receipt) => report({ type: "receipt", data: { receipt } }),
  });
  return { keeper, receipts, settle: kept.settle };
}

const soonMs = 200;

/**
 * The newest of those that come within a moment. A synced write would stand between an order and its switch, and what it saves
 * is the exact time at which this node saw something: one that is lost by a crash is taken anew.
 */
function writtenSoon<T>({ value, save }: Kept<T>): Kept<T> & { settle: () => void } {
  let waiting: { value: T; timer: NodeJS.Timeout } | null = null;
  const settle = () => {
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    const newest = waiting.value;
    waiting = null;
    save(newest);
  };
  return {
    value,
    save(next) {
      if (waiting === null) waiting = { value: next, timer: setTimeout(settle, soonMs).unref() };
      else waiting.value = next;
    },
    settle,
  };
}
