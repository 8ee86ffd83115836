/**
 * SHELL. A panic carried to each node by itself: none waits for another one. A node that was not reached is tried on for as long as
 * somebody watches, and is watched itself from the moment that it has answered.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import pLimit from "p-limit";
import { openSignedPanic } from "../documents/open-signed.ts";
import type { VerifiedHead } from "../fleet/verify-documents.ts";
import type { Io } from "../io.ts";
import { panicBundle } from "../ssh/compose-bundle.ts";
import { deliverOne, type Delivered } from "../ssh/deliver-documents.ts";
import { reasonOf } from "../ssh/remote-agent.ts";
import type { Ssh } from "../ssh/ssh-client.ts";
import type { SshObserver } from "../ssh/ssh-observer.ts";
import type { Watched } from "../ssh/watch-nodes.ts";
import type { Released } from "./panic-road.ts";

export interface PanicCarrier {
  io: Io;
  ssh: Ssh;
  observer: SshObserver;
  head: VerifiedHead;
  envelope: Envelope;
  json: boolean;
  watched: Watched;
  /** Aborted when nobody watches any more. */
  ended: AbortSignal;
}

/** A bundle of a panic is small: who has not answered by then is tried anew. */
const deliverMs = 15_000;
const againMs = 2_000;
const atOnce = 128;

export interface Carried extends Released {
  /** To be told of what nodes report later: they name the panic that they heard first. */
  note: (node: NodeName, report: NodeReport) => void;
}

/** Begins at once, and goes on by itself. */
export function carryPanic(carrier: PanicCarrier): Carried {
  const { observer, envelope, head } = carrier;
  const { chain } = observer.keys;
  const id = sha256(payloadOf(envelope, "panic"));
  const { world } = openSignedPanic(chain, envelope).panic;
  const panics = new Map<Digest, Envelope>([[id, envelope]]);
  const without = new Set(observer.leaves.map(({ node }) => node));
  const refusals = new Map<NodeName, ChimeraError>();
  const note = (node: NodeName, { panic }: NodeReport): void => {
    const same = panic === null ? null : sameAs({ chain, head, world, panics }, panic);
    if (panic === null || same === null) return;
    panics.set(same, panic);
    without.delete(node);
    refusals.delete(node);
  };
  const hear = (delivered: Delivered): void => {
    const { node, kind } = delivered;
    if (kind === "taken") without.delete(node);
    if (kind === "refused") refusals.set(node, delivered.error);
    if (kind === "unreached") return;
    const { report } = delivered;
    if (report !== null) note(node, report);
    carrier.watched.watch(node, report);
  };
  const first = sendAll(carrier, hear);
  first.catch(quietly(carrier));
  return {
    id,
    panics: () => panics,
    isStored: () => without.size === 0,
    tried: () => first,
    refusals: () => [...refusals.values()],
    note,
  };
}

interface Known {
  chain: SshObserver["keys"]["chain"];
  head: VerifiedHead;
  world: string;
  panics: ReadonlyMap<Digest, Envelope>;
}

/** The id of one that does the same, signed by whoever may; null for any other. */
function sameAs({ chain, head, world, panics }: Known, envelope: Envelope): Digest | null {
  try {
    const id = sha256(payloadOf(envelope, "panic"));
    if (panics.has(id)) return id;
    const { panic } = openSignedPanic(chain, envelope);
    return panic.undoes === head.id && panic.world === world ? id : null;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

/** Resolves when each has been tried once; what was not reached is tried on after that. */
async function sendAll(carrier: PanicCarrier, hear: (delivered: Delivered) => void): Promise<void> {
  const limit = pLimit(atOnce);
  const nodes = carrier.observer.leaves.map(({ node }) => node);
  await Promise.all(
    nodes.map(async (node) => {
      const delivered = await limit(() => send(carrier, node));
      tell(carrier, delivered);
      hear(delivered);
      if (delivered.kind === "unreached") tryOn(carrier, { node, limit, hear }).catch(quietly(carrier));
    }),
  );
}

function tell({ io, json, ended }: PanicCarrier, delivered: Delivered): void {
  if (delivered.kind !== "taken" && !json && !ended.aborted) io.err(`${reasonOf(delivered.error)}\n`);
}

async function tryOn(
  carrier: PanicCarrier,
  {
    node,
    limit,
    hear,
  }: { node: NodeName; limit: ReturnType<typeof pLimit>; hear: (delivered: Delivered) => void },
): Promise<void> {
  const { ended } = carrier;
  for (;;) {
    await delay(againMs, undefined, { signal: ended });
    const delivered = await limit(() => send(carrier, node));
    hear(delivered);
    if (delivered.kind === "unreached") continue;
    return tell(carrier, delivered);
  }
}

/** With the key sets above those that it is known to have; where it then shows that it has others, above these. */
async function send(carrier: PanicCarrier, node: NodeName): Promise<Delivered> {
  const { ssh, observer, head, envelope, ended } = carrier;
  const { surveyed, keys, context } = observer;
  const found = surveyed.find((one) => one.node === node);
  const receiver = { fleetId: context.fleetId, node, chain: keys.chain };
  const documents = { panic: envelope, undone: head.envelope };
  const call = { timeoutMs: deliverMs, signal: ended };
  const bundle = panicBundle({
    ...receiver,
    ...documents,
    keys: found?.kind === "report" ? found.report.keys : "unknown",
  });
  const delivered = await deliverOne(ssh, bundle, call);
  if (delivered.kind !== "refused" || delivered.report === null) return delivered;
  const again = panicBundle({ ...receiver, ...documents, keys: delivered.report.keys });
  const isSame =
    JSON.stringify(again.documents.keySets) === JSON.stringify(bundle.documents.keySets) ||
    again.documents.keySets.length === 0;
  return isSame ? delivered : deliverOne(ssh, again, call);
}

/** Nobody watches any more: then what is aborted is no failure. */
function quietly({ ended }: PanicCarrier): (error: unknown) => void {
  return (error) => {
    if (!ended.aborted) throw error;
  };
}
