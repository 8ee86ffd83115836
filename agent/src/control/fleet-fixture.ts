/** SHELL. Tests only: a fleet's key, worlds and heads, and an HTTP server that hands out their leaves. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { closureDigest, type ClosureEntry } from "@chimera/proto/signed/closure";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { sha256 } from "@chimera/proto/signed/canonical";
import type { Fresh } from "@chimera/proto/signed/fresh";
import { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { Order, OrderAction } from "@chimera/proto/signed/order";
import type { Panic } from "@chimera/proto/signed/panic";
import type { HealthSample } from "@chimera/proto/health";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import { proveLeaf, worldId, type Leaf } from "@chimera/proto/signed/world";

export function createSigner(name: string): Signer {
  return parseSecretKey(generateKey(name).secret);
}

const roles = ["root", "publish", "panic", "order", "fresh"] as const;
type Role = (typeof roles)[number];

/** One key for each role, as `chimera init` makes them. */
export const signers: Readonly<Record<Role, Signer>> = createSigners();

function createSigners(): Record<Role, Signer> {
  const make = (role: Role) => createSigner(`ops-${role}`);
  return {
    root: make("root"),
    publish: make("publish"),
    panic: make("panic"),
    order: make("order"),
    fresh: make("fresh"),
  };
}

function keysOf({ publicKey }: Signer) {
  return { keys: [publicKey], threshold: 1 };
}

/** A key set of these signers; without `fleetId` it is the fleet's first. */
export function createKeySet(version: number, over: Partial<KeySet> = {}): KeySet {
  return {
    v: 1,
    kind: "keys",
    epoch: 0,
    version,
    expires: "2099-01-01T00:00:00.000Z",
    roles: {
      root: keysOf(signers.root),
      publish: keysOf(signers.publish),
      panic: keysOf(signers.panic),
      order: keysOf(signers.order),
    },
    ...(version === 1 ? {} : { fleetId }),
    ...over,
  };
}

export const firstKeySet: Envelope = seal("keys", createKeySet(1), [signers.root]);
export const fleetId = FleetId.parse(sha256(Buffer.from(firstKeySet.payload, "base64")));
export const node = NodeName.parse("n1");
export const token = "node-token";

/** Of a machine at rest: what the node tells of itself is not what these tests are about. */
export const healthSample: HealthSample = {
  v: 1,
  node,
  at: "2026-01-01T00:00:00.000Z",
  uptimeSeconds: 1,
  load1: 0,
  memoryTotalBytes: 1,
  memoryAvailableBytes: 1,
  storeTotalBytes: 1,
  storeFreeBytes: 1,
  systemState: "running",
  failedUnits: [],
};

function systemPath(letter: string): StorePath {
  return StorePath.parse(`/nix/store/${letter.repeat(32)}-nixos-system-${letter}`);
}

/** A leaf of this node with a closure of one path. */
export function createLeaf(signer: Signer, letter: string, over: Partial<Leaf> = {}): Leaf {
  const toplevel = systemPath(letter);
  const entry: ClosureEntry = {
    path: toplevel,
    narHash: `sha256-${"A".repeat(43)}=`,
    narSize: 1,
    references: [],
  };
  return {
    v: 1,
    fleetId,
    node,
    nodeKey: signer.publicKey,
    toplevel,
    closure: closureDigest([entry]),
    closureSize: 1,
    substituters: [],
    ...over,
  };
}

export function createHead(serial: number, leaves: readonly Leaf[], over: Partial<Head> = {}): Head {
  return {
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    serial,
    world: worldId(leaves),
    size: leaves.length,
    previous: null,
    mode: "deploy",
    policy: {},
    revertTo: null,
    consentUntil: null,
    createdAt: new Date().toISOString(),
    notAfter: new Date(Date.now() + 3600_000).toISOString(),
    author: "ops",
    reason: "test",
    ...over,
  };
}

export function sealHead(head: Head, signer: Signer = signers.publish): Envelope {
  return seal("head", head, [signer]);
}

/** SHA-256 of the payload. */
export function idOf(envelope: Envelope): Digest {
  return sha256(Buffer.from(envelope.payload, "base64"));
}

/** Undoes the head of this envelope. */
export function sealPanic(
  undone: Envelope,
  over: Pick<Panic, "world"> & Partial<Panic>,
  by = signers.panic,
): Envelope {
  const { epoch, serial } = Head.parse(JSON.parse(Buffer.from(undone.payload, "base64").toString()));
  const panic: Panic = {
    v: 1,
    kind: "panic",
    fleetId,
    epoch,
    serial,
    undoes: idOf(undone),
    reason: "test",
    ...over,
  };
  return seal("panic", panic, [by]);
}

export function sealOrder(action: OrderAction, over: Partial<Order> = {}, signer = signers.order): Envelope {
  const order: Order = {
    v: 1,
    kind: "order",
    fleetId,
    nonce: randomBytes(16).toString("hex"),
    nodes: [node],
    createdAt: new Date().toISOString(),
    notAfter: new Date(Date.now() + 3600_000).toISOString(),
    author: "ops",
    reason: "test",
    action,
    ...over,
  };
  return seal("order", order, [signer]);
}

export function sealFresh(head: Fresh["head"], at = new Date().toISOString()): Envelope {
  const fresh: Fresh = { v: 1, kind: "fresh", fleetId, head, revision: 1, at };
  return seal("fresh", fresh, [signers.fresh]);
}

export interface LeafServer {
  url: string;
  put: (leaves: readonly Leaf[]) => void;
  requests: () => number;
  /** Nobody is answered until this resolves. */
  holdUntil: (released: Promise<void>) => void;
  close: () => Promise<void>;
}

export async function startLeafServer(): Promise<LeafServer> {
  const worlds = new Map<string, readonly Leaf[]>();
  let requests = 0;
  let released = Promise.resolve();
  const server = createServer((request, response) => {
    requests += 1;
    // So that contact is NATS, and whoever has it is subscribed there.
    if (request.url === "/healthz") return void response.writeHead(503).end();
    const [, , , world = "", , name = ""] = (request.url ?? "").split("/");
    const leaves = worlds.get(world);
    const proof = leaves === undefined ? undefined : proveLeaf(leaves, name);
    const allowed = request.headers.authorization === `Bearer ${token}`;
    const status = allowed ? (proof === undefined ? 404 : 200) : 401;
    void released.then(() => response.writeHead(status).end(JSON.stringify(proof ?? {})));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address !== "string" ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    put: (leaves) => worlds.set(Digest.parse(worldId(leaves)), leaves),
    requests: () => requests,
    holdUntil(until) {
      released = until;
    },
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
