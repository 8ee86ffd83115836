/**
 * SHELL. A panic carried to each node by itself: none waits for another one. A node that was not reached is tried on for as long as
 * somebody watches, and is watched itself from the moment that it has answered.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import pLimit from "p-limit";
import { openSignedPanic, type WalkedChain } from "../documents/open-signed.ts";
import type { VerifiedHead } from "../fleet/verify-documents.ts";
import type { Io } from "../io.ts";
import { panicBundle } from "../ssh/deploy/compose-bundle.ts";
import { deliverOne, type Delivered } from "../ssh/deploy/deliver-documents.ts";
import { reasonOf } from "../ssh/transport/remote-agent.ts";
import type { Ssh } from "../ssh/transport/ssh-client.ts";
import type { Surveyed } from "../ssh/fleet/survey-nodes.ts";
import type { Watched } from "../ssh/fleet/watch-nodes.ts";
import type { Released } from "./roads/panic-road.ts";

export interface PanicCarrier {
  io: Io;
  ssh: Ssh;
  fleetId: FleetId;
  chain: WalkedChain;
  /** Of the world of the head. */
  leaves: readonly Leaf[];
  surveyed: readonly Surveyed[];
  head: VerifiedHead;
  envelope: Envelope;
  json: boolean;
  watched: Pick<Watched, "watch">;
  /** Aborted when nobody watches any more. */
  ended: AbortSignal;
}

/** A bundle of a panic is small: who has not answered by then is tried anew. */
const deliverMs = 15_000;
const againMs = 2_000;
/** Of 16 key sets each, to a node that was away for long. */
const maxRounds = 64;
const atOnce = 128;

export interface Carried extends Required<Released> {
  /** To be told of what nodes report later: they name the panic that they heard first. */
  note: (node: NodeName, report: NodeReport) => void;
}

/** Begins at once, and goes on by itself. */
export function carryPanic(carrier: PanicCarrier): Carried {
  const { chain, envelope, head, leaves } = carrier;
  const id = sha256(payloadOf(envelope, "panic"));
  const { world } = openSignedPanic(chain, envelope).panic;
  const panics = new Map<Digest, Envelope>([[id, envelope]]);
  const without = new Set(leaves.map(({ node }) => node));
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
  chain: WalkedChain;
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
  const nodes = carrier.leaves.map(({ node }) => node);
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

/** With the key sets above those that it is known to have; where it then shows that it lacks others, with those. */
async function send(carrier: PanicCarrier, node: NodeName): Promise<Delivered> {
  const { ssh, surveyed, head, envelope, ended, fleetId, chain } = carrier;
  const found = surveyed.find((one) => one.node === node);
  const receiver = { fleetId, node, chain };
  const documents = { panic: envelope, undone: head.envelope };
  const call = { timeoutMs: deliverMs, signal: ended };
  let rounds = maxRounds;
  let newest: NodeReport["keys"] | "unknown" = found?.kind === "report" ? found.report.keys : "unknown";
  for (;;) {
    const bundle = panicBundle({ ...receiver, ...documents, keys: newest });
    const delivered = await deliverOne(ssh, bundle, call);
    if (delivered.kind !== "refused" || delivered.report === null) return delivered;
    const lacking = panicBundle({ ...receiver, ...documents, keys: delivered.report.keys });
    const sent = JSON.stringify(bundle.documents.keySets);
    const next = JSON.stringify(lacking.documents.keySets);
    if (next === "[]" || next === sent || rounds <= 0) return delivered;
    newest = delivered.report.keys;
    rounds -= 1;
  }
}

/** Nobody watches any more: then what is aborted is no failure. */
function quietly({ ended }: PanicCarrier): (error: unknown) => void {
  return (error) => {
    if (!ended.aborted) throw error;
  };
}
