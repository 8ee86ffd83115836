/** SHELL. For tests: a real HTTP server that answers as the controller does, by proto's schemas, and remembers what it was sent. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { PutHead, StoredHead, WorldBody, type NodeView } from "@chimera/proto/api";
import { BuildStatus } from "@chimera/proto/build-status";
import type { RolloutRecord } from "@chimera/proto/rollout";
import { openHead } from "@chimera/proto/signed/head";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { NodeEvent } from "@chimera/proto/event";
import type { FleetId } from "@chimera/proto/names";
import { worldId, type World } from "@chimera/proto/signed/world";
import { emptyDocuments, getDocument, newestSet, putDocument, type Documents } from "./fleet-documents.ts";

export interface FleetServer {
  url: string;
  /** "PUT /v1/head" and so on, in order. */
  requests: string[];
  /** Requests that would have changed something. */
  writes(): string[];
  heads: StoredHead[];
  documents: Documents;
  rollout: RolloutRecord | null;
  worlds: Map<string, World>;
  nodes: Map<string, NodeView>;
  builds: BuildStatus[];
  events: NodeEvent[];
  cache: Map<string, Buffer>;
  /** Called after a head is stored. */
  onHead: (head: StoredHead) => void;
  /** Called before anything is answered; true when it has answered itself. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

interface Identity {
  fleetId: FleetId;
  /** Key set 1. */
  keySet: Envelope;
  token: string;
}

export interface Reply {
  status: number;
  body?: unknown;
  raw?: Buffer;
}

export async function startFleetServer(identity: Identity): Promise<FleetServer> {
  const http = createServer((request, response) => {
    void answer(fleet, identity, { request, response });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const fleet: FleetServer = {
    url: `http://127.0.0.1:${address.port}`,
    requests: [],
    writes: () => fleet.requests.filter((line) => !/^(GET|HEAD) /u.test(line)),
    heads: [],
    documents: emptyDocuments(identity.keySet),
    rollout: null,
    worlds: new Map(),
    nodes: new Map(),
    builds: [],
    events: [],
    cache: new Map(),
    onHead: () => undefined,
    intercept: () => false,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return fleet;
}

async function answer(
  fleet: FleetServer,
  identity: Identity,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const { method = "", url = "" } = request;
  fleet.requests.push(`${method} ${url}`);
  if (fleet.intercept(request, response)) return;
  const reply = isAllowed(request, identity.token)
    ? route(fleet, identity, { method, url, body: Buffer.concat(chunks) })
    : problem(401, "token-invalid", "the token is unknown, expired or revoked");
  const raw = reply.raw ?? Buffer.from(reply.body === undefined ? "" : JSON.stringify(reply.body));
  response.writeHead(reply.status, { "content-length": raw.length });
  response.end(method === "HEAD" ? undefined : raw);
}

function isAllowed({ headers }: IncomingMessage, token: string): boolean {
  const basic = Buffer.from(`chimera:${token}`).toString("base64");
  return headers.authorization === `Bearer ${token}` || headers.authorization === `Basic ${basic}`;
}

interface Call {
  method: string;
  url: string;
  body: Buffer;
}

function route(fleet: FleetServer, identity: Identity, call: Call): Reply {
  const { pathname } = new URL(call.url, fleet.url);
  if (pathname.startsWith("/cache/")) return cache(fleet, call, pathname);
  if (call.method === "PUT") return put(fleet, { ...call, url: pathname });
  return get(fleet, identity, pathname);
}

function get(fleet: FleetServer, { fleetId }: Identity, path: string): Reply {
  const [, , kind = "", name = "", rest] = path.split("/");
  const node = fleet.nodes.get(name);
  const answers: Record<string, () => unknown> = {
    fleet: () => ({
      fleetId,
      head: fleet.heads[0] ?? null,
      revision: fleet.heads.length,
      panic: fleet.documents.panic,
      rollout: fleet.rollout,
      keys: fleet.documents.keySets.length,
    }),
    heads: () => ({ heads: fleet.heads }),
    worlds: () => fleet.worlds.get(name),
    nodes: () =>
      name === ""
        ? { nodes: [...fleet.nodes.values()] }
        : rest === "events"
          ? { events: fleet.events }
          : node,
    events: () => ({ events: fleet.events }),
  };
  const body = answers[kind]?.() ?? getDocument(fleet.documents, path);
  if (body !== undefined) return { status: 200, body };
  return kind === "nodes" ? problem(404, "node-unknown", `no node ${name}`) : problem(404, "not-found", path);
}

function put(fleet: FleetServer, { url, body }: Call): Reply {
  const json: unknown = JSON.parse(body.toString("utf8"));
  if (url.startsWith("/v1/worlds/")) {
    const world = WorldBody.parse(json);
    const id = worldId(world.leaves);
    fleet.worlds.set(id, world);
    return { status: 200, body: { id, size: world.leaves.length } };
  }
  if (url.endsWith("/build")) {
    fleet.builds.push(BuildStatus.parse(json));
    return { status: 200, body: json };
  }
  if (url !== "/v1/head") return putDocument(fleet.documents, url, json);
  const { envelope, expectedRevision } = PutHead.parse(json);
  if (expectedRevision !== fleet.heads.length)
    return problem(409, "write-conflict", "another head was stored");
  const opened = openHead(envelope, newestSet(fleet.documents.keySets).roles.publish);
  const revision = fleet.heads.length + 1;
  const stored = StoredHead.parse({ ...opened, revision, storedAt: new Date().toISOString(), envelope });
  fleet.heads.unshift(stored);
  fleet.onHead(stored);
  return { status: 200, body: stored };
}

function cache(fleet: FleetServer, { method, body }: Call, path: string): Reply {
  if (path === "/cache/nix-cache-info")
    return { status: 200, raw: Buffer.from("StoreDir: /nix/store\nPriority: 30\n") };
  if (method === "PUT") {
    fleet.cache.set(path, body);
    return { status: 201 };
  }
  const raw = fleet.cache.get(path);
  return raw === undefined ? { status: 404, raw: Buffer.from("404 not found\n") } : { status: 200, raw };
}

function problem(status: number, code: string, detail: string): Reply {
  return { status, body: { type: `urn:chimera:problem:${code}`, title: code, status, detail, code } };
}
