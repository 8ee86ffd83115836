/**
 * SHELL. The way of a signed order to one node, and of its answer back: through the controller, which writes it into its audit log; where that is away,
 * straight over NATS. The node judges the same order by either way, and its answer is proved here by its key.
 */
import { AckMessage, type OrderResult } from "@chimera/proto/api";
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { parsePayload, payloadOf, type Envelope, type RoleKeys } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { Receipt } from "@chimera/proto/signed/receipt";
import { subjects } from "@chimera/proto/subjects";
import { parseJson } from "../../api/http.ts";
import { currentContext, type NamedContext } from "../../context/current-context.ts";
import { createObserver } from "../../fleet/operator.ts";
import { verifyHead } from "../../fleet/verify-documents.ts";
import { keptWorld } from "../../fleet/world-copy.ts";
import type { Io } from "../../io.ts";
import type { NatsLink } from "../../nats/connection.ts";
import { judgeAnswers, type NodeAnswer } from "../../order/judge-answers.ts";
import { collectAnswers } from "../../order/send-order.ts";

export interface OrderRoad {
  context: NamedContext;
  /** Who may sign orders. */
  role: RoleKeys;
  /** What the node made of it; undefined where nobody heard. */
  ask: (envelope: Envelope) => Promise<NodeAnswer | undefined>;
  close: () => Promise<void>;
}

/** Throws the controller's failure where there is no other way. */
export async function openOrderRoad(
  io: Io,
  { context: wanted, node }: { context: string | undefined; node: NodeName },
): Promise<OrderRoad> {
  try {
    const observer = await createObserver(io, { context: wanted });
    return {
      context: observer.context,
      role: observer.keys.newest.set.roles.order,
      ask: async (envelope) => (await collectAnswers(observer, envelope))[0],
      close: () => Promise.resolve(),
    };
  } catch (error) {
    if (!(error instanceof ChimeraError) || errorCodes[error.code].retry !== "backoff") throw error;
    const context = await currentContext(io, wanted);
    if (context.natsServers === undefined || context.natsSeedFile === undefined) throw error;
    return overNats(io, { context, node });
  }
}

/** Throws server-unreachable where nobody answers, world-unknown where this machine does not know the node's key. */
async function overNats(
  io: Io,
  { context, node }: { context: NamedContext; node: NodeName },
): Promise<OrderRoad> {
  const { linkOf } = await import("../../panic/roads/nats-road.ts");
  const link = await linkOf(io, context);
  try {
    const { role, nodeKey } = await whomToTrust(io, link, { fleetId: context.fleetId, node });
    return {
      context,
      role,
      ask: (envelope) => askNode(link, { fleetId: context.fleetId, node, nodeKey }, envelope),
      close: () => link.close(),
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** By what this machine has verified before, and the key sets in NATS. */
async function whomToTrust(
  io: Io,
  link: NatsLink,
  { fleetId, node }: { fleetId: FleetId; node: NodeName },
): Promise<{ role: RoleKeys; nodeKey: PublicKeyText }> {
  const { natsTrust } = await import("../../panic/roads/nats-trust.ts");
  const { newest, trust, headCopy } = await natsTrust(io, link, fleetId);
  const id = headCopy === null ? null : sha256(payloadOf(headCopy, "head"));
  const head = headCopy === null || id === null ? null : verifyHead({ id, envelope: headCopy }, trust).head;
  const leaves = head === null ? null : await keptWorld(io, fleetId, head.world);
  const leaf = leaves?.find((one) => one.node === node);
  if (leaf !== undefined) return { role: newest.set.roles.order, nodeKey: leaf.nodeKey };
  const what = `the controller is away, and this machine has no copy of a world with ${node}, so it does not know its key ("chimera status" keeps one while the controller answers)`;
  throw new ChimeraError("world-unknown", what);
}

interface Asked {
  fleetId: FleetId;
  node: NodeName;
  nodeKey: PublicKeyText;
}

const patienceMs = 5_000;
/** A node says less; whoever says more is passed over. */
const maxAckBytes = 256 * 1024;

async function askNode(
  link: NatsLink,
  { fleetId, node, nodeKey }: Asked,
  envelope: Envelope,
): Promise<NodeAnswer | undefined> {
  const id = sha256(payloadOf(envelope, "order"));
  const { promise, resolve } = Promise.withResolvers<NodeAnswer | undefined>();
  const stop = link.subscribe(subjects.ack(fleetId, node), (data) => {
    const answer = data.length > maxAckBytes ? null : answerOf(data, id);
    if (answer === null) return;
    const [judged] = judgeAnswers(
      { id, answers: [{ node, answer }] },
      { id, fleetId, nodes: [node], nodeKeys: new Map([[node, nodeKey]]) },
    );
    resolve(judged);
  });
  const late = setTimeout(() => resolve(undefined), patienceMs);
  try {
    // Listened to before it is asked: an answer may be there before its question has left.
    await link.flush();
    link.publish(subjects.cmd(fleetId, node), JSON.stringify({ envelope }));
    await link.flush();
    return await promise;
  } finally {
    clearTimeout(late);
    stop();
  }
}

type Answer = OrderResult["answers"][number]["answer"];

/** Null for what is about something else: receipts of heads come there too. */
function answerOf(data: Uint8Array, id: Digest): Answer | null {
  const ack = AckMessage.safeParse(parseJson(Buffer.from(data).toString("utf8")));
  if (!ack.success) return null;
  if ("refused" in ack.data) {
    const { refused } = ack.data;
    return refused.id === id ? { kind: "refused", code: refused.code, message: refused.message } : null;
  }
  const receipt = "receipt" in ack.data ? ack.data.receipt : ack.data;
  if (aboutOf(receipt) !== id) return null;
  const shown = "shown" in ack.data ? { shown: ack.data.shown } : {};
  return { kind: "accepted", receipt, ...shown };
}

/** As it says; whether the node signed that is judged next. */
function aboutOf(receipt: Envelope): Digest | null {
  try {
    return parsePayload(payloadOf(receipt, "receipt"), Receipt).document.id;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
