/** SHELL. The controller's /v1 and the cache's closure lists, every answer parsed by proto's schemas. */
import {
  EventList,
  FleetView,
  HeadList,
  NodeList,
  NodeView,
  StoredHead,
  type PutHead,
} from "@chimera/proto/api";
import type { BuildStatus } from "@chimera/proto/build-status";
import { canonicalBytes } from "@chimera/proto/signed/canonical";
import type { ClosureList } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventType } from "@chimera/proto/event";
import type { z } from "zod";
import { readToken, type NamedContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { ask } from "./ask.ts";
import { createAuditApi, type AuditApi } from "./audit-api.ts";
import { createDocumentApi, type DocumentApi } from "./document-api.ts";
import { createSend, type Send } from "./http.ts";
import { createPastApi, type PastApi } from "./past-api.ts";
import { createProofApi, type ProofApi } from "./proof-api.ts";
import { createSessionApi, type SessionApi } from "./session-api.ts";
import { createWorldApi, type WorldApi } from "./world-api.ts";

const apiTimeoutMs = 15_000;
const uploadTimeoutMs = 120_000;
/** News that comes late is none. */
const newsTimeoutMs = 4000;

export interface ApiClient extends AuditApi, DocumentApi, PastApi, ProofApi, SessionApi, WorldApi {
  fleet(): Promise<FleetView>;
  heads(): Promise<HeadList>;
  putHead(body: PutHead): Promise<StoredHead>;
  /** Each with its status as the node signed it. */
  nodes(): Promise<NodeView[]>;
  node(node: string): Promise<NodeView>;
  events(query: { node?: string; type: NodeEventType; limit: number }): Promise<EventList>;
  putBuild(status: BuildStatus): Promise<void>;
  putClosure(digest: string, list: ClosureList): Promise<void>;
  /** Text of a narinfo; undefined when the cache does not have that path. */
  narinfo(hash: string): Promise<string | undefined>;
}

export async function createApiClient(io: Io, context: NamedContext): Promise<ApiClient> {
  const url = context.controller.replace(/\/+$/u, "");
  const token = await readToken(context, "api");
  const cacheToken = await readToken(context, "cache");
  const send = createSend(io, { url, token, timeoutMs: apiTimeoutMs });
  const upload = createSend(io, { url, token, timeoutMs: uploadTimeoutMs });
  // Ctrl-C ends everything but the word that it was pressed.
  const news = createSend(
    { ...io, signal: new AbortController().signal },
    { url, token, timeoutMs: newsTimeoutMs, attempts: 1 },
  );
  const cache = createSend(io, { url, token: cacheToken, timeoutMs: uploadTimeoutMs });
  const get = <T>(path: string, schema: z.ZodType<T>) => ask(send, { method: "GET", path }, schema);
  return {
    ...createAuditApi(send),
    ...createDocumentApi(send, upload),
    ...createPastApi(send),
    ...createProofApi(send, cache),
    ...createSessionApi(send),
    ...createWorldApi(send, upload),
    fleet: () => get("/v1/fleet", FleetView),
    heads: () => get("/v1/heads", HeadList),
    putHead: async (body) =>
      ask(send, { method: "PUT", path: "/v1/head", body: JSON.stringify(body) }, StoredHead),
    nodes: async () => (await get("/v1/nodes?envelopes=true", NodeList)).nodes,
    node: (node) => get(`/v1/nodes/${encodeURIComponent(node)}`, NodeView),
    events: ({ node, type, limit }) => {
      const base = node === undefined ? "/v1/events" : `/v1/nodes/${encodeURIComponent(node)}/events`;
      return get(`${base}?type=${type}&limit=${limit}`, EventList);
    },
    putBuild: async (status) => {
      await news({ method: "PUT", path: `/v1/nodes/${status.node}/build`, body: JSON.stringify(status) });
    },
    putClosure: async (digest, list) => {
      const body = canonicalBytes(list).toString("utf8");
      await cache({ method: "PUT", path: `/cache/closure/${digest}`, body });
    },
    narinfo: (hash) => narinfo(cache, hash),
  };
}

async function narinfo(send: Send, hash: string): Promise<string | undefined> {
  return send({ method: "GET", path: `/cache/${hash}.narinfo` }).then(
    ({ body }) => body,
    (error: unknown) => {
      if (error instanceof ChimeraError && error.code === "not-found") return undefined;
      throw error;
    },
  );
}
