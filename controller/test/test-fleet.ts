/** SHELL. A whole control plane for a test: fleet keys, nats-server, controller, tokens of every role. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TokenRole } from "@chimera/proto/api";
import { closureDigest, closureSize, ClosureEntry } from "@chimera/proto/signed/closure";
import { seal } from "@chimera/proto/signed/envelope";
import { freshEveryMs as freshDefaultMs } from "@chimera/proto/signed/fresh";
import { Head } from "@chimera/proto/signed/head";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { createLog } from "@chimera/proto/log";
import { NodeName } from "@chimera/proto/names";
import { generateNkey } from "@chimera/proto/nkey";
import { Leaf, worldId } from "@chimera/proto/signed/world";
import { startController, type Controller } from "../src/commands/serve.ts";
import { ControllerConfig } from "../src/config.ts";
import { addNode, addOperator, readNodes } from "../src/files/node-file.ts";
import { addToken } from "../src/files/token-file.ts";
import { renderNatsConfig } from "../src/nats-config.ts";
import { eventually, freePort, startTestServer } from "./nats-server.ts";
import { makeStoreObject, type StoreObject } from "./store-object.ts";
import { fleetId, fleetKeys, keySet1 } from "./test-keys.ts";

const roles: TokenRole[] = ["viewer", "operator", "admin", "cache-writer", "enroll"];

export type TestFleet = Awaited<ReturnType<typeof startTestFleet>>;

export async function startTestFleet(limits: Partial<ControllerConfig["limits"]> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "chimera-fleet-"));
  const natsPort = await freePort();
  const own = generateNkey();
  writeFileSync(join(directory, "nats.seed"), own.seed);
  const config = makeConfig(directory, {
    natsPort,
    httpPort: await freePort(),
    limits,
  });
  const nodes = await registerNodes(config, ["n1", "n2"]);
  const tokens = await makeTokens(config);
  const operator = generateNkey();
  await addOperator(config.nodesFile, { operator: "anna", nkey: operator.publicKey });
  const { v: _, ...registered } = readNodes(config.nodesFile);
  const natsConfig = renderNatsConfig({ config, controllerNkey: own.publicKey, ...registered });
  const nats = await startTestServer(natsConfig, natsPort);
  const { controller, logged } = await startLogged(config);
  const url = `http://127.0.0.1:${controller.port}`;
  return {
    config,
    directory,
    url,
    nats,
    natsConfig,
    controller,
    logged,
    publish: fleetKeys.publish,
    nodes,
    operatorSeed: operator.seed,
    tokens,
    call: (path: string, options?: CallOptions) => callApi({ url, tokens }, path, options),
    cached: (path: string) => readFileSync(join(config.cacheDir, path)),
    stop: async () => {
      await controller.close();
      await nats.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Another controller of the same fleet: with its own port, and what else is to be different. */
export async function startBeside(
  { config, tokens }: Pick<TestFleet, "config" | "tokens">,
  change: Partial<ControllerConfig> = {},
  freshEveryMs = freshDefaultMs,
) {
  const listen = { host: "127.0.0.1", port: await freePort() };
  const { controller, logged } = await startLogged({ ...config, listen, ...change }, freshEveryMs);
  const url = `http://127.0.0.1:${listen.port}`;
  const call = (path: string, options?: CallOptions) => callApi({ url, tokens }, path, options);
  return { call, logged, close: () => controller.close() };
}

async function startLogged(config: ControllerConfig, freshEveryMs = freshDefaultMs) {
  const logged: string[] = [];
  const log = createLog({ fields: {}, write: (line) => void logged.push(line), level: "debug" });
  const controller: Controller = await startController(config, log, { freshEveryMs });
  await eventually("controller ready", () => controller.ready());
  return { controller, logged };
}

async function callApi(
  { url, tokens }: { url: string; tokens: Map<string, string> },
  path: string,
  options: CallOptions = {},
) {
  const { method = "GET", role = "operator", token = tokens.get(role) ?? "", body, headers = {} } = options;
  const bytes = body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: bytes }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

export interface CallOptions {
  method?: string;
  role?: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

function makeConfig(
  directory: string,
  parts: { natsPort: number; httpPort: number; limits: unknown },
): ControllerConfig {
  return ControllerConfig.parse({
    fleetId,
    listen: { host: "127.0.0.1", port: parts.httpPort },
    nats: { servers: [`nats://127.0.0.1:${parts.natsPort}`], seedFile: join(directory, "nats.seed") },
    natsServer: { host: "127.0.0.1", port: parts.natsPort, storeDir: join(directory, "jetstream") },
    cacheDir: join(directory, "cache"),
    tokensFile: join(directory, "tokens.json"),
    nodesFile: join(directory, "nodes.json"),
    trustedKeys: keySet1,
    limits: parts.limits,
  });
}

async function registerNodes(config: ControllerConfig, names: string[]) {
  const nodes = new Map<string, { seed: string; signer: ReturnType<typeof parseSecretKey> }>();
  for (const node of names) {
    const { seed, publicKey } = generateNkey();
    const signer = parseSecretKey(generateKey(node).secret);
    nodes.set(node, { seed, signer });
    await addNode(config.nodesFile, { node, nkey: publicKey, nodeKey: signer.publicKey });
  }
  return nodes;
}

async function makeTokens(config: ControllerConfig): Promise<Map<string, string>> {
  const tokens = new Map<string, string>();
  for (const role of roles) tokens.set(role, (await addToken(config.tokensFile, { name: role, role })).token);
  for (const node of ["n1", "n2"]) {
    const wanted = { name: node, role: "node" as const, node: NodeName.parse(node) };
    tokens.set(node, (await addToken(config.tokensFile, wanted)).token);
  }
  return tokens;
}

/** Uploads a small closure the way the CLI does: NAR, narinfo, list. */
export async function pushClosure(
  fleet: TestFleet,
  name: string,
): Promise<{ object: StoreObject; entry: ClosureEntry }> {
  const object = makeStoreObject(name);
  const entry = ClosureEntry.parse({
    path: object.path,
    narHash: object.narHash,
    narSize: object.nar.length,
    references: [],
  });
  await fleet.call(`/cache/${object.narFile}`, { method: "PUT", body: object.file });
  await fleet.call(`/cache/${object.hash}.narinfo`, { method: "PUT", body: Buffer.from(object.narinfo) });
  const digest = closureDigest([entry]);
  await fleet.call(`/cache/closure/${digest}`, { method: "PUT", body: { v: 1, entries: [entry] } });
  return { object, entry };
}

export function makeLeaf(fleet: TestFleet, node: string, entry: ClosureEntry): Leaf {
  return Leaf.parse({
    v: 1,
    fleetId,
    node,
    nodeKey: fleet.nodes.get(node)?.signer.publicKey ?? fleet.publish.publicKey,
    toplevel: entry.path,
    closure: closureDigest([entry]),
    closureSize: closureSize([entry]),
    substituters: [`${fleet.url}/cache`],
  });
}

export function makeHead(leaves: Leaf[], change: Partial<Record<keyof Head, unknown>> = {}): Head {
  return Head.parse({
    v: 1,
    kind: "head",
    fleetId,
    epoch: 0,
    serial: 1,
    world: worldId(leaves),
    size: leaves.length,
    previous: null,
    mode: "deploy",
    policy: {},
    revertTo: null,
    consentUntil: null,
    createdAt: new Date().toISOString(),
    notAfter: new Date(Date.now() + 3_600_000).toISOString(),
    author: "test",
    reason: "",
    ...change,
  });
}

/** PUT /v1/head of a signed head. */
export function putHead(fleet: TestFleet, head: Head, expectedRevision: number) {
  const envelope = seal("head", head, [fleet.publish]);
  return fleet.call("/v1/head", { method: "PUT", body: { envelope, expectedRevision } });
}
