/** SHELL. The one way orders get to nodes: verified, kept for those that are away, and carried to those that are there. */
import type { DocumentStored, OrderResult, PutDocument } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import { openOrder, type OpenedOrder } from "@chimera/proto/signed/order";
import { subjects } from "@chimera/proto/subjects";
import {
  judgeNewOrder,
  judgeNewQuarantine,
  withOrder,
  type OrderSurroundings,
  type StoredOrder,
} from "../fleet/judge-new-order.ts";
import { oneAtATime, type Expected } from "../store/bucket.ts";
import type { Act, CheckedDocument } from "./audited.ts";
import { afterStored } from "./after-stored.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "nodes" | "log">;

/** Sending the same order again changes nothing in the store, and asks the nodes again. */
export async function publishOrder(services: Needed, put: PutDocument, act: Act): Promise<OrderResult> {
  const { store } = services;
  const { id, nodes, paced, ended } = await oneAtATime(store.bucket, (expected) =>
    tryKeep(services, { ...put, act, expected }),
  );
  await store.proposals.forget(id);
  if (paced !== null) return { id, answers: await store.pacer.take(paced) };
  if (ended !== null) await store.pacer.drop(ended);
  return { id, answers: await store.sender.send({ id, envelope: put.envelope, nodes }) };
}

interface Kept {
  id: OpenedOrder["id"];
  nodes: NodeName[];
  /** Its nodes are sent it one after the other. */
  paced: StoredOrder | null;
  /** The order that it ends. */
  ended: OpenedOrder["id"] | null;
}

interface Attempt extends PutDocument {
  act: Act;
  expected: Expected;
}

async function tryKeep(services: Needed, { envelope, act, expected }: Attempt): Promise<Kept | "moved"> {
  const { store, log } = services;
  const { opened, around } = await gather(services, { envelope });
  if (opened.order.action.kind === "quarantine") {
    throw new ChimeraError("input-invalid", "the order is a quarantine list (PUT /v1/quarantine)");
  }
  const verdict = judgeNewOrder(opened, envelope, around);
  if (verdict.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  const { id, order, signedBy } = opened;
  const { action } = order;
  const kept = keptOf({ ...opened, envelope, revision: 0 }, verdict.nodes);
  // Whoever asks for an answer waits for it: a node that is away has nothing to do later.
  const isQuestion = action.kind === "drift-show" || action.kind === "keyboard";
  const document = auditedOrder({ ...opened, envelope }, subjects.desired("order", services.config.fleetId));
  if (isQuestion || kept.paced !== null || around.standing.some((other) => other.id === id)) {
    await act.beginOnce("order", document);
    return kept;
  }
  const orders = withOrder(around.standing, { ...opened, envelope, revision: 0 }, around.nowMs);
  await act.begin("order", document);
  const revision = await store.orders.putStanding(orders, expected);
  if (revision === "moved") return revision;
  log.info({ id, action: action.kind, nodes: verdict.nodes.length, revision, signedBy }, "order stored");
  return kept;
}

function auditedOrder(
  { id, signedBy, envelope }: Pick<OpenedOrder, "id" | "signedBy"> & PutDocument,
  kept: string,
): CheckedDocument {
  return { kind: "order", id, signedBy, envelope, kept };
}

function keptOf(stored: StoredOrder, nodes: NodeName[]): Kept {
  const { action } = stored.order;
  const isPaced = action.kind === "exec" && action.atOnce !== null;
  const ended = action.kind === "exec-end" ? action.order : null;
  return { id: stored.id, nodes, paced: isPaced ? stored : null, ended };
}

export async function publishQuarantine(
  services: Needed,
  put: PutDocument,
  act: Act,
): Promise<DocumentStored> {
  return oneAtATime(services.store.bucket, (expected) => tryQuarantine(services, { ...put, act, expected }));
}

async function tryQuarantine(
  services: Needed,
  { envelope, act, expected }: Attempt,
): Promise<DocumentStored | "moved"> {
  const { config, store, log } = services;
  const { opened, around, quarantineRevision } = await gather(services, { envelope });
  const { id, order, signedBy } = opened;
  const newest = around.quarantine?.id === id ? around.quarantine : undefined;
  if (newest?.revision === quarantineRevision) return { id, revision: quarantineRevision };
  // The newest one that somebody wrote past is put back on top, where the nodes look.
  const verdict = newest === undefined ? judgeNewQuarantine(opened, envelope, around) : undefined;
  if (verdict?.kind === "refuse") throw new ChimeraError(verdict.code, verdict.reason);
  const kept = subjects.desired("quarantine", config.fleetId);
  await act.begin("quarantine", auditedOrder({ id, signedBy, envelope }, kept));
  const revision = await store.bucket.write(kept, envelope, expected);
  if (revision === "moved") return revision;
  const size = order.action.kind === "quarantine" ? order.action.toplevels.length : 0;
  log.info({ id, size, revision, signedBy }, "quarantine stored");
  await afterStored(store, id);
  return { id, revision };
}

async function gather({ store, nodes }: Needed, { envelope }: PutDocument) {
  const documents = await store.documents.read();
  const opened = openOrder(envelope, documents.keys.set.roles.order);
  const { list, revision } = await store.orders.quarantine();
  const around: OrderSurroundings = {
    documents,
    registered: new Set(Object.keys(nodes())),
    standing: await store.orders.standing(),
    quarantine: list,
    nowMs: Date.now(),
  };
  return { opened, around, quarantineRevision: revision };
}
