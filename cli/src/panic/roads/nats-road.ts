/**
 * SHELL. A panic without the controller: straight to NATS with the operator's own nkey. What NATS shows is believed as far as it
 * is signed; where it does not answer, or is behind, this machine's copies count.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import { subjects } from "@chimera/proto/subjects";
import { currentContext, type NamedContext } from "../../context/current-context.ts";
import { verifyHead, type Trust, type VerifiedHead } from "../../fleet/verify-documents.ts";
import { keptWorld } from "../../fleet/world-copy.ts";
import type { Io } from "../../io.ts";
import { openNatsLink, type NatsLink } from "../../nats/connection.ts";
import { readOperatorCredentials } from "../../nats/credentials.ts";
import { printable } from "../../print/printable.ts";
import { createNodeEar } from "./node-ear.ts";
import { readDocument } from "./nats-documents.ts";
import { natsTrust } from "./nats-trust.ts";
import { releaseOver } from "./release-over-nats.ts";
import type { PanicRoad } from "./panic-road.ts";

export interface NatsRoadOptions {
  context?: string | undefined;
  /** The head that is to be undone, and whom it concerns, where another way has begun already; else the newest that is found. */
  begun?: { head: VerifiedHead; leaves: readonly Leaf[] | null } | undefined;
}

/** Throws config-invalid without servers and seed, server-unreachable where no server answers. */
export async function openNatsRoad(io: Io, options: NatsRoadOptions): Promise<PanicRoad> {
  const context = await currentContext(io, options.context);
  const link = await linkOf(io, context);
  try {
    return await prepareRoad(io, { context, link }, options);
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function prepareRoad(
  io: Io,
  { context, link }: { context: NamedContext; link: NatsLink },
  { begun }: NatsRoadOptions,
): Promise<PanicRoad> {
  const { fleetId } = context;
  const { newest, trust, headCopy } = await natsTrust(io, link, fleetId);
  const { chain } = trust;
  const copy =
    headCopy === null ? null : verified(io, headCopy, { trust, from: "this machine's copy of the head" });
  const head = begun?.head ?? (await newestHead(io, link, { trust, copy }));
  const leaves = begun?.leaves ?? (await keptWorld(io, fleetId, head.head.world));
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
    release: (envelope) => {
      requireNewest(head, copy);
      return releaseOver(io, parts, envelope);
    },
    leaves: async () => (leaves === null ? unknownWorld(head) : [...leaves]),
    words: ear.words,
    close: async () => {
      closing.abort();
      await link.close();
    },
  };
}

/** What NATS shows is looked at when the panic is written; this machine may have seen more. */
function requireNewest({ head }: VerifiedHead, copy: VerifiedHead | null): void {
  if (copy === null || comparePlace(copy.head, head) <= 0) return;
  const [mine, newest] = [showPlace(head), showPlace(copy.head)];
  const what = `head ${newest} was published since, so that the panic of ${mine} is void: run this again to undo ${newest}`;
  throw new ChimeraError("panic-void", what);
}

function unknownWorld({ head: { world } }: VerifiedHead): never {
  const what = `this machine has no copy of world ${world}, so it knows neither the nodes nor their keys ("chimera status" keeps one while the controller answers)`;
  throw new ChimeraError("world-unknown", what);
}

/** Throws config-invalid without servers and seed, server-unreachable where no server answers. */
export async function linkOf(io: Io, context: NamedContext): Promise<NatsLink> {
  const { natsServers, natsSeedFile, natsPassFile, name } = context;
  if (natsServers === undefined || natsSeedFile === undefined) {
    const what = `context "${name}" has no natsServers and natsSeedFile: "chimera keys nats" makes a seed, and says what to do with it`;
    throw new ChimeraError("config-invalid", what);
  }
  const own = await readOperatorCredentials({ natsSeedFile, natsPassFile }, io.nowMs());
  return openNatsLink({ servers: natsServers, ...own });
}

/** Of the store and of this machine's copy, the higher one. Throws world-unknown where neither has a head that is genuine. */
async function newestHead(
  io: Io,
  link: NatsLink,
  { trust, copy }: { trust: Trust; copy: VerifiedHead | null },
): Promise<VerifiedHead> {
  const stored = await readDocument(link, subjects.desiredGet("head", trust.fleetId));
  if (stored.kind === "garbage") io.err("chimera: what NATS shows as the head is no signed document\n");
  const shown =
    stored.kind === "found" ? verified(io, stored.envelope, { trust, from: "the head in NATS" }) : null;
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
function verified(
  io: Io,
  envelope: Envelope,
  { trust, from }: { trust: Trust; from: string },
): VerifiedHead | null {
  try {
    return verifyHead({ id: sha256(payloadOf(envelope, "head")), envelope }, trust);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    io.err(`chimera: ${from} does not count: ${printable(error.message)}\n`);
    return null;
  }
}
