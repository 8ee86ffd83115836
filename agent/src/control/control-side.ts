/** SHELL. All that talks to NATS and the controller, as one part: documents in, receipts, events and telemetry out. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { AckMessage } from "@chimera/proto/api";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Hardware } from "@chimera/proto/hardware";
import type { HealthSample } from "@chimera/proto/health";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import type { NkeySigner } from "@chimera/proto/nkey";
import type { RolloutRecord } from "@chimera/proto/rollout";
import { Envelope } from "@chimera/proto/signed/envelope";
import type { Receipt } from "@chimera/proto/signed/receipt";
import type { NodeStatus } from "@chimera/proto/status";
import { desiredKinds, subjects } from "@chimera/proto/subjects";
import { openConnection, type Connection } from "./connection.ts";
import { reportEvent, sendEvent } from "./events.ts";
import { fetchLeafProof } from "./look/leaf.ts";
import { createLook, type Look } from "./look/look.ts";
import { parseBounded } from "./look/read-stored.ts";
import { createRolloutWatch, type RolloutWatch } from "./look/rollout-watch.ts";
import { createStoreWatch, type StoreWatch } from "./look/watch-store.ts";
import { createOrderDesk, type OrderDesk } from "./orders/order-desk.ts";
import { openOutbox, type Outbox } from "./outbox.ts";
import { createReceiptBook, type ReceiptBook, type ReceiptFacts } from "./receipts/receipt-book.ts";
import { every, startTelemetry, type Telemetry } from "./telemetry.ts";
import type { TrustStart } from "./trust/open-trust.ts";
import type { Problem } from "./trust/refusal-book.ts";
import type { Floor } from "./trust/refuse-below.ts";
import { createTrustKeeper, type TrustKeeper } from "./trust/trust-keeper.ts";

/** A document that outlives the agent. */
export interface Kept<T> {
  value: T | null;
  save: (value: T) => void;
}

export interface ControlOptions {
  node: NodeName;
  fleetId: FleetId;
  servers: readonly string[];
  nkey: NkeySigner;
  signer: Signer;
  controllerUrl: string;
  token: () => string;
  outboxFile: string;
  trust: TrustStart;
  /** What the journal has begun. */
  floor: Floor;
  freshSeconds: number;
  saveTrust: (state: TrustState) => void;
  rollout: Kept<RolloutRecord>;
  receipt: Kept<Receipt>;
  /** Both must answer from the first moment on. */
  status: (told: Told) => NodeStatus;
  receiptFacts: (told: Told) => ReceiptFacts;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
  onJudged: () => void;
  log: Log;
}

/** What the node was told, and what it makes of that. */
export interface Told {
  keeper: TrustKeeper;
  rollout: () => RolloutRecord | null;
  receipt: () => Envelope | null;
  problems: () => (Problem | null)[];
}

export interface ControlSide extends Told {
  refresh: () => Promise<void>;
  report: (event: NodeEventBody) => void;
  noteChange: () => void;
  /** A fresh round trip to NATS, begun after the call. */
  hasContact: () => Promise<boolean>;
  /** Ends after what waits was sent, if NATS is there. */
  stop: () => Promise<void>;
}

const lookMs = 30_000;
const flushMs = 5_000;

export function startControl(options: ControlOptions): ControlSide {
  const { node, fleetId, log } = options;
  const onConnected = () => {
    // The first connect may come before the parts below exist; they look for themselves when they start.
    // Orders first: whatever is wrong with what the node tells must not keep it from hearing.
    void parts?.look.refresh();
    void parts?.outbox.flush();
    parts?.telemetry.onConnected();
  };
  let parts: Parts | null = null;
  const connection = openConnection({
    servers: options.servers,
    name: node,
    nkey: options.nkey,
    inboxPrefix: subjects.inboxPrefix(node),
    log: log.child({ component: "connection" }),
    onConnected,
  });
  const started = startParts(options, connection);
  parts = started;
  const { look, outbox, telemetry, receipts, watch } = started;
  subscribe(connection, options, started);
  const timers = [
    every(lookMs, 0.2, () => void look.refresh()),
    // By itself: a look that waits for answers must not keep the node from noticing the silence.
    every(lookMs, 0.2, watch.checkFreshness),
    every(flushMs, 0.2, () => void outbox.flush()),
  ];
  return {
    ...started.told,
    refresh: look.refresh,
    report: (event) => reportEvent({ node, fleetId }, outbox, event),
    noteChange() {
      receipts.note();
      telemetry.noteChange();
    },
    hasContact: () => hasContact(connection, fleetId),
    async stop() {
      for (const stopTimer of timers) stopTimer();
      telemetry.stop();
      await outbox.flush();
      await telemetry.settled();
      outbox.close();
      await connection.close();
    },
  };
}

/** A message carries no facts, since it may be one that JetStream refused; but a panic is its own proof, and so is an order. */
function subscribe(connection: Connection, { fleetId, node }: ControlOptions, { look, orders }: Parts): void {
  const wake = () => void look.refresh();
  for (const kind of desiredKinds) {
    if (kind !== "panic") connection.subscribe(subjects.desired(kind, fleetId), wake);
  }
  connection.subscribe(subjects.keySet(fleetId, "*"), wake);
  connection.subscribe(subjects.desired("panic", fleetId), (data) => {
    look.hearPanic(data.length === 0 ? { kind: "none" } : parseBounded(data, Envelope));
  });
  connection.subscribe(subjects.cmd(fleetId, node), orders.answer);
}

function hasContact(connection: Connection, fleetId: FleetId): Promise<boolean> {
  return connection.request(subjects.desiredGet("head", fleetId), "").then(
    () => true,
    () => false,
  );
}

interface Parts {
  told: Told;
  look: Look;
  orders: OrderDesk;
  receipts: ReceiptBook;
  watch: StoreWatch;
  outbox: Outbox;
  telemetry: Telemetry;
}

function startParts(options: ControlOptions, connection: Connection): Parts {
  const { node, fleetId, log, signer } = options;
  const outbox = openOutbox({
    file: options.outboxFile,
    isOurs: (subject) => subject.startsWith(subjects.events(fleetId, node)),
    send: (event) => sendEvent(connection, event),
    isConnected: connection.isConnected,
    onTrouble: (error) => log.debug({ error }, "event was not sent"),
  });
  const report = (event: NodeEventBody) => reportEvent({ node, fleetId }, outbox, event);
  const acknowledge = (message: AckMessage) => {
    connection.publish(subjects.ack(fleetId, node), JSON.stringify(message));
  };
  const documents = openDocuments(options, { connection, report, acknowledge });
  const telemetry = startTelemetry({
    connection,
    signer,
    log: log.child({ component: "telemetry" }),
    status: () => options.status(documents.told),
    health: options.health,
    hardware: options.hardware,
  });
  return { ...documents, outbox, telemetry };
}

interface Wires {
  connection: Connection;
  report: (event: NodeEventBody) => void;
  acknowledge: (message: AckMessage) => void;
}

function openDocuments(
  options: ControlOptions,
  { connection, report, acknowledge }: Wires,
): Omit<Parts, "outbox" | "telemetry"> {
  const { node, fleetId, signer, freshSeconds, controllerUrl, token } = options;
  const log = options.log.child({ component: "documents" });
  const onJudged = () => {
    receipts?.note();
    options.onJudged();
  };
  let receipts: ReceiptBook | null = null;
  const identity = { node, nodeKey: signer.publicKey };
  const { trust: start, floor, saveTrust: save } = options;
  const keeper = createTrustKeeper({ start, identity, freshSeconds, floor, save, report, onJudged, log });
  const { value: stored, save: saveRollout } = options.rollout;
  const rollout = createRolloutWatch({ keeper, stored, save: saveRollout, onChange: options.onJudged });
  const { state, keySet } = keeper;
  const watch = createStoreWatch({ state, keySet, freshSeconds, report, onNews: options.onJudged, log });
  const told: Told = {
    keeper,
    rollout: rollout.record,
    receipt: () => receipts?.newest() ?? null,
    problems: () => [keeper.problem(), watch.problem()],
  };
  const facts = () => options.receiptFacts(told);
  const { value, save: saveReceipt } = options.receipt;
  const book = createReceiptBook({
    node,
    fleetId,
    signer,
    stored: value,
    save: saveReceipt,
    facts,
    acknowledge,
  });
  receipts = book;
  const orders = createOrderDesk({ keeper, receiptFor: book.forOrder, acknowledge });
  const fetchLeaf: Parameters<typeof createLook>[0]["fetchLeaf"] = (world) =>
    fetchLeafProof(controllerUrl, token(), { world, node });
  const look = createLook({ connection, fleetId, keeper, orders, rollout, watch, fetchLeaf, log });
  return { told, look, orders, receipts: book, watch };
}
