/**
 * SHELL. Orders for a command that only so many nodes run at the same time: they lie in the bucket where no node reads them, and each node is
 * sent its order when its turn has come. It needs neither whoever gave the order nor the controller that took it: any controller goes on.
 */
import { StandingOrders, type OrderResult } from "@chimera/proto/api";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { SessionAnswered } from "@chimera/proto/sessions/order-answer";
import { isOfOrder } from "@chimera/proto/sessions/session-order";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { livingOrders, type StoredOrder } from "../fleet/judge-new-order.ts";
import { whoseTurn } from "../fleet/whose-turn.ts";
import type { Bucket } from "./bucket.ts";
import type { OrderSender } from "./order-sender.ts";
import type { KeyStore } from "./key-store.ts";
import { readJson } from "./read-envelope.ts";
import type { SessionStore } from "./session-store.ts";
import { openStoredOrder } from "./stored-reader.ts";

export interface Pacer {
  /** Kept until all of its nodes are done or its time is over; resolves with what the first ones answered, and others before. */
  take(order: StoredOrder): Promise<OrderResult["answers"]>;
  /** Nobody begins it any more. */
  drop(id: Digest): Promise<void>;
  close(): void;
}

export interface PacerOptions {
  bucket: Bucket;
  keyStore: KeyStore;
  fleetId: FleetId;
  sender: OrderSender;
  sessions: Pick<SessionStore, "list">;
  ready: () => boolean;
  log: Log;
}

/** What nodes said, as far as this controller has heard it; those that were asked and say nothing are passed over. */
interface Told {
  answers: Map<NodeName, Said>;
  isOver: boolean;
}

type Answer = OrderResult["answers"][number]["answer"];

interface Said {
  answer: Answer;
  /** How many sessions it says to have started. */
  begun: number;
}

interface State extends PacerOptions {
  /** Also of those that are over, for whoever asks what came of them. */
  told: Map<Digest, Told>;
  known: StoredOrder[] | null;
}

const lookMs = 500;
/** Another controller may have taken one. */
const readAgainMs = 10_000;

export function createPacer(options: PacerOptions): Pacer {
  const state: State = { ...options, told: new Map(), known: null };
  let running: Promise<void> = Promise.resolve();
  let isLooking = false;
  const look = (): Promise<void> => {
    running = running
      .then(() => pass(state))
      .catch((error: unknown) => options.log.warn({ error }, "nodes whose turn it is were not asked"));
    return running;
  };
  const timer = setInterval(() => {
    if (isLooking || !options.ready() || state.known?.length === 0) return;
    isLooking = true;
    void look().finally(() => (isLooking = false));
  }, lookMs).unref();
  const forgetting = setInterval(() => (state.known = null), readAgainMs).unref();
  return {
    async take(order) {
      if (state.told.get(order.id)?.isOver !== true) {
        await change(state, (orders) => [...orders.filter(({ id }) => id !== order.id), order]);
        await look();
      }
      const said = state.told.get(order.id)?.answers;
      return nodesOf(order).map((node) => ({ node, answer: said?.get(node)?.answer ?? { kind: "waiting" } }));
    },
    drop: (dropped) => change(state, (orders) => orders.filter(({ id }) => id !== dropped)),
    close() {
      clearInterval(timer);
      clearInterval(forgetting);
    },
  };
}

async function read(state: State): Promise<{ orders: StoredOrder[]; revision: number }> {
  const [message] = await state.bucket.newest(subjects.paced(state.fleetId));
  const stored = message === undefined ? [] : (readJson(message, StandingOrders)?.orders ?? []);
  const opened = stored.flatMap((envelope) => open(state, envelope));
  return { orders: livingOrders(opened, Date.now()), revision: message?.seq ?? 0 };
}

function open({ keyStore, fleetId, log }: State, envelope: Envelope): StoredOrder[] {
  try {
    const keys = keyStore.current().newest.set.roles.order;
    return [openStoredOrder({ envelope, revision: 0 }, { keys }, fleetId)];
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ reason: errorChain(error).slice(0, 500) }, "order that waits for its nodes' turn refused");
    return [];
  }
}

/** In their sequence; one for all has none. */
function nodesOf({ order }: Pick<StoredOrder, "order">): readonly NodeName[] {
  return order.nodes === "all" ? [] : order.nodes;
}

/** Written only on top of what was read. */
async function change(state: State, next: (orders: StoredOrder[]) => StoredOrder[]): Promise<void> {
  for (;;) {
    const { orders, revision } = await read(state);
    const wanted = next(orders);
    if (wanted.length > mostOrders)
      throw new ChimeraError(
        "overloaded",
        `${mostOrders} orders wait for their nodes' turn: no more can be kept`,
      );
    const value: StandingOrders = { v: 1, orders: wanted.map(({ envelope }) => envelope) };
    const subject = subjects.paced(state.fleetId);
    const written = await state.bucket.write(subject, value, { lastSubjectSequence: revision });
    if (written === "moved") continue;
    state.known = wanted;
    return;
  }
}

const mostOrders = 16;
const mostTold = 64;

async function pass(state: State): Promise<void> {
  state.known ??= (await read(state)).orders;
  const done: Digest[] = [];
  for (const order of state.known) {
    const told = toldOf(state, order.id);
    try {
      told.isOver = await passOrder(state, order, told.answers);
    } catch (error) {
      // Those behind it have their turn nevertheless.
      state.log.warn({ order: order.id, error }, "nodes whose turn it is were not asked");
    }
    if (told.isOver) done.push(order.id);
  }
  if (done.length > 0) await change(state, (orders) => orders.filter(({ id }) => !done.includes(id)));
}

function toldOf({ told }: State, id: Digest): Told {
  const known = told.get(id) ?? { answers: new Map(), isOver: false };
  told.set(id, known);
  for (const oldest of told.keys()) if (told.size > mostTold) told.delete(oldest);
  return known;
}

/** Whether nobody is to begin it any more. */
async function passOrder(state: State, order: StoredOrder, said: Map<NodeName, Said>): Promise<boolean> {
  const { action } = order.order;
  if (action.kind !== "exec" || action.atOnce === null) return true;
  const isOver = overBy(state, order.id, said);
  const due = whoseTurn(nodesOf(order), action.atOnce, isOver).filter((node) => !said.has(node));
  if (due.length > 0) {
    const answers = await state.sender.send({ id: order.id, envelope: order.envelope, nodes: due });
    for (const { node, answer } of answers) said.set(node, { answer, begun: begunBy(state, node, answer) });
  }
  return nodesOf(order).every((node) => isOver(node));
}

/** What a node shows counts more than what it answered: an answer may be lost on the way. */
function overBy({ sessions }: State, id: Digest, said: ReadonlyMap<NodeName, Said>) {
  const shown = new Map<string, { running: number; over: number }>();
  for (const { node, facts } of sessions.list()) {
    if (!isOfOrder(id, facts.name)) continue;
    const count = shown.get(node) ?? { running: 0, over: 0 };
    if (facts.state === "running") count.running += 1;
    else count.over += 1;
    shown.set(node, count);
  }
  return (node: NodeName): boolean => {
    const begun = said.get(node)?.begun;
    const count = shown.get(node);
    if (count === undefined) return begun === 0;
    return count.running === 0 && (begun === undefined || count.over >= begun);
  };
}

/** What it is believed here decides only who is asked next; what nobody understands is none. */
function begunBy({ log }: State, node: NodeName, answer: Answer): number {
  if (answer.kind !== "accepted" || answer.shown === undefined) return 0;
  try {
    const { answer: said } = parsePayload(payloadOf(answer.shown, "answer"), SessionAnswered);
    return said.kind === "started" ? said.sessions.length : 0;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    log.warn({ node, reason: errorChain(error).slice(0, 500) }, "what a node has begun is not understood");
    return 0;
  }
}
