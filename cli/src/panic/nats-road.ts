/**
 * SHELL. A panic without the controller: straight to NATS with the operator's own nkey. What NATS shows is believed as far as it
 * is signed; where it does not answer, or is behind, this machine's copies count.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { parseNkeySeed } from "@chimera/proto/nkey";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { currentContext, type NamedContext } from "../context/current-context.ts";
import { createTrust } from "../fleet/create-trust.ts";
import { copyFolder, readCopy } from "../fleet/operator-copy.ts";
import { verifyHead, type Trust, type VerifiedHead } from "../fleet/verify-documents.ts";
import { keptWorld } from "../fleet/world-copy.ts";
import type { Io } from "../io.ts";
import { openNatsLink, type NatsLink } from "../nats/connection.ts";
import { printable } from "../print/printable.ts";
import { readSecret } from "../secret-file.ts";
import { createNodeEar } from "./node-ear.ts";
import { keySetsOf, readDocument, type StoredDocument } from "./nats-documents.ts";
import { releaseOver } from "./release-over-nats.ts";
import type { PanicRoad } from "./panic-road.ts";

/** Throws config-invalid without servers and seed, server-unreachable where no server answers. */
export async function openNatsRoad(io: Io, contextName: string | undefined): Promise<PanicRoad> {
  const context = await currentContext(io, contextName);
  const link = await linkOf(context);
  try {
    return await prepareRoad(io, context, link);
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function prepareRoad(io: Io, context: NamedContext, link: NatsLink): Promise<PanicRoad> {
  const { fleetId } = context;
  const keySets = await keySetsOf(io, link, fleetId);
  const { keys, trust } = await createTrust(io, { api: { keys: async () => keySets }, fleetId });
  const { newest, chain } = keys;
  const head = await newestHead(io, link, trust);
  const leaves = await keptWorld(io, fleetId, head.head.world);
  const ear = createNodeEar(link, fleetId, new Set((leaves ?? []).map(({ node }) => node)));
  await link.flush();
  const closing = new AbortController();
  const parts = { link, fleetId, chain, head, trust, closed: closing.signal };
  return {
    over: "nats",
    context,
    fleetId,
    chain,
    newest,
    head,
    ready: async () => {
      const found = await readDocument(link, subjects.panicReadyGet(fleetId));
      return found.kind === "found" ? found.envelope : null;
    },
    release: (envelope) => releaseOver(io, parts, envelope),
    leaves: async () => leaves ?? unknownWorld(head),
    words: ear.words,
    close: async () => {
      closing.abort();
      await link.close();
    },
  };
}

function unknownWorld({ head: { world } }: VerifiedHead): never {
  const what = `this machine has no copy of world ${world}, so it knows neither the nodes nor their keys ("chimera status" keeps one while the controller answers)`;
  throw new ChimeraError("world-unknown", what);
}

async function linkOf(context: NamedContext): Promise<NatsLink> {
  const { natsServers, natsSeedFile, name } = context;
  if (natsServers === undefined || natsSeedFile === undefined) {
    const what = `context "${name}" has no natsServers and natsSeedFile: "chimera keys nats" makes a seed, and says what to do with it`;
    throw new ChimeraError("config-invalid", what);
  }
  return openNatsLink({
    servers: natsServers,
    nkey: parseNkeySeed(await readSecret(natsSeedFile, "NATS seed file")),
  });
}

/** Of the store and of this machine's copy, the higher one. Throws world-unknown where neither has a head that is genuine. */
async function newestHead(io: Io, link: NatsLink, trust: Trust): Promise<VerifiedHead> {
  const { fleetId } = trust;
  const stored = await readDocument(link, subjects.desiredGet("head", fleetId));
  const shown = verified(io, stored, trust);
  const copy = await copyOf(io, fleetId, trust);
  const isBehind = copy !== null && (shown === null || comparePlace(shown.head, copy.head) < 0);
  if (isBehind) {
    const at = showPlace(copy.head);
    const why = stored.kind === "unanswered" ? "JetStream does not answer" : "NATS does not show it";
    io.err(
      `chimera: going by this machine's copy of head ${at}, since ${why}: a newer one would not be undone\n`,
    );
    return copy;
  }
  if (shown !== null) return shown;
  throw new ChimeraError("world-unknown", "neither NATS nor this machine has a head of the fleet");
}

/** What is not genuine is told, and does not keep a panic from the head that is. */
function verified(io: Io, stored: StoredDocument, trust: Trust): VerifiedHead | null {
  if (stored.kind === "garbage") io.err("chimera: what NATS shows as the head is no signed document\n");
  if (stored.kind !== "found") return null;
  try {
    return verify(stored.envelope, trust);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    io.err(`chimera: the head in NATS does not count: ${printable(error.message)}\n`);
    return null;
  }
}

async function copyOf(io: Io, fleetId: FleetId, trust: Trust): Promise<VerifiedHead | null> {
  const kept = await readCopy(copyFolder(io, fleetId), "head");
  return kept === undefined ? null : verify(kept, trust);
}

function verify(envelope: Envelope, trust: Trust): VerifiedHead {
  return verifyHead({ id: sha256(payloadOf(envelope, "head")), envelope }, trust);
}
