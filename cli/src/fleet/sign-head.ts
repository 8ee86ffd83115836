/** SHELL. Signs and stores a head: on top of exactly the one that was read, or not at all. */
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { sha256 } from "@chimera/proto/signed/canonical";
import { ChimeraError } from "@chimera/proto/errors";
import { Head } from "@chimera/proto/signed/head";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Digest, FleetId } from "@chimera/proto/names";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { hostname } from "node:os";
import type { NodeView } from "@chimera/proto/api";
import type { ApiClient } from "../api/api-client.ts";
import type { Io } from "../io.ts";
import type { CurrentFleet } from "./current-fleet.ts";
import { writeSeen } from "./fleet-memory.ts";

const hourMs = 3_600_000;
const consentHours = 2;

export interface NewHead {
  fleetId: FleetId;
  current: CurrentFleet;
  leaves: readonly Leaf[];
  mode: Head["mode"];
  reason: string;
  expiresHours: number;
}

export interface Published {
  head: Head;
  id: Digest;
  /** What the nodes said right before: a problem that is in there is not about this head. */
  nodesBefore: NodeView[];
}

/** The world first: a head whose world nobody can fetch would stop every node. */
export async function publishHead(
  io: Io,
  { api, signer }: { api: ApiClient; signer: Signer },
  order: NewHead,
): Promise<Published> {
  const head = nextHead(io, order);
  const [nodesBefore] = await Promise.all([
    api.nodes(),
    api.putWorld(head.world, { v: 1, leaves: [...order.leaves] }),
  ]);
  const envelope = seal("head", head, [signer]);
  const id = sha256(Buffer.from(envelope.payload, "base64"));
  const published = { head, id, nodesBefore };
  await store(api, { envelope, published, revision: order.current.revision });
  await writeSeen(io, head, id);
  return published;
}

function nextHead(io: Io, order: NewHead): Head {
  const now = io.nowMs();
  const { newest } = order.current;
  const revertTo = newest?.head.world ?? null;
  return Head.parse({
    v: 1,
    kind: "head",
    fleetId: order.fleetId,
    epoch: newest?.head.epoch ?? 0,
    serial: (newest?.head.serial ?? 0) + 1,
    world: worldId(order.leaves),
    size: order.leaves.length,
    previous: newest?.id ?? null,
    mode: order.mode,
    policy: {},
    revertTo,
    consentUntil: revertTo === null ? null : iso(now + consentHours * hourMs),
    createdAt: iso(now),
    notAfter: iso(now + order.expiresHours * hourMs),
    author: author(io),
    reason: order.reason,
  });
}

async function store(
  api: ApiClient,
  { envelope, published, revision }: { envelope: Envelope; published: Published; revision: number },
): Promise<void> {
  await api.putHead({ envelope, expectedRevision: revision }).catch(async (cause: unknown) => {
    if (!(cause instanceof ChimeraError)) throw cause;
    // An answer that was lost says nothing about what was stored.
    if (
      cause.code !== "deadline-exceeded" &&
      cause.code !== "server-unreachable" &&
      cause.code !== "write-conflict"
    ) {
      throw cause;
    }
    const { head } = await api.fleet();
    if (head?.id === published.id) return;
    if (cause.code !== "write-conflict") throw cause;
    const other = head === null ? "none" : `${head.head.serial} by ${head.head.author}`;
    throw new ChimeraError(
      "write-conflict",
      `another head was published meanwhile (newest: ${other}); yours was not stored: look at it, then run this again`,
      { cause },
    );
  });
}

/** A user id without an entry in passwd, as in a container, has no name that the system could tell. */
function author({ env }: Io): string {
  const user = env["USER"] ?? env["LOGNAME"] ?? String(process.getuid?.() ?? "unknown");
  return `${user}@${hostname()}`.slice(0, 256);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
