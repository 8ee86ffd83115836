/** SHELL. For tests: the real controller with its real nats-server as processes, nodes on the wire, and an operator's CLI. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FleetView } from "@chimera/proto/api";
import { FleetId } from "@chimera/proto/names";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { closureDigest, closureSize } from "@chimera/proto/signed/closure";
import { Leaf, sortLeaves, worldId } from "@chimera/proto/signed/world";
import { execa } from "execa";
import { vi } from "vitest";
import { natsServerPath } from "./nix-on-path.ts";
import { toplevel } from "./signed-fleet.ts";
import { closureOf, uploadsOf } from "./store-object.ts";
import { createWireNode, type WireNode } from "./wire-node.ts";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "controller/src/main.ts");

export type DevFleet = Awaited<ReturnType<typeof startDevFleet>>;

export async function startDevFleet(names: readonly string[]) {
  const home = await mkdtemp(join(tmpdir(), "chimera-cli-dev-"));
  const dir = join(home, "dev");
  const ports = { http: await freePort(), nats: await freePort() };
  let running = await startController(dir, ports);
  await mkdir(join(home, ".config", "chimera"), { recursive: true });
  const configFile = join(home, ".config", "chimera", "config.toml");
  await writeFile(configFile, running.context);
  const fleetId = FleetId.parse(/fleetId = "([0-9a-f]+)"/u.exec(running.context)?.[1]);
  const nodes = new Map(names.map((name) => [name, createWireNode(name)]));
  for (const node of nodes.values()) await register(dir, node);
  const signer = async (role: string): Promise<Signer> =>
    parseSecretKey(await readFile(join(dir, "keys", `${role}.key`), "utf8"));
  const token = (await readFile(join(dir, "keys", "admin.token"), "utf8")).trim();
  const node = (name: string): WireNode => nodes.get(name) ?? createWireNode(name);
  const http = (method: string, path: string, body?: unknown) =>
    request({ url: `http://127.0.0.1:${ports.http}${path}`, token }, method, body);
  const chimera = (...args: string[]) => callCli(home, args);
  const connectNodes = async () => {
    for (const one of nodes.values()) await vi.waitUntil(() => connected(one, ports.nats, fleetId), patience);
  };
  const fleet = {
    home,
    dir,
    fleetId,
    signer,
    node,
    http,
    chimera,
    connectNodes,
    leaf: (name: string, word: string): Leaf => leafOf(fleetId, node(name), word),
    /** Stores closures, world and head as an operator would: what the head says beside that is free. */
    async publish(leaves: readonly Leaf[], changes: object = {}) {
      const view = FleetView.parse((await http("GET", "/v1/fleet")).body);
      const head = await makeHead(http, view, sortLeaves(leaves));
      const envelope = seal("head", { ...head, ...changes }, [await signer("publish")]);
      const stored = await http("PUT", "/v1/head", { envelope, expectedRevision: view.revision });
      return { envelope, head, ...stored };
    },
    sealed: async (kind: "head" | "panic" | "order", message: object, role: string): Promise<Envelope> =>
      seal(kind, { v: 1, kind, fleetId, ...message }, [await signer(role)]),
    /** Everything that NATS had on disk is gone; the controller's own files are not. */
    async loseNatsData() {
      for (const one of nodes.values()) one.close();
      await running.stop();
      await rm(join(dir, "jetstream"), { recursive: true });
      running = await startController(dir, ports);
    },
    async close() {
      for (const one of nodes.values()) one.close();
      await running.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  return fleet;
}

const patience = { timeout: 15_000, interval: 100 };

async function startController(dir: string, { http, nats }: { http: number; nats: number }) {
  const stop = new AbortController();
  const ports = ["--port", String(http), "--nats-port", String(nats), "--nats-server", natsServerPath()];
  const child = execa(process.execPath, [program, "dev", "--dir", dir, ...ports], {
    reject: false,
    cancelSignal: stop.signal,
  });
  const context = await new Promise<string>((found, failed) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
      if (text.includes("# Its token")) found(text);
    });
    void child.then(({ stderr }) => failed(new Error(stderr)));
  });
  return {
    context,
    stop: async () => {
      stop.abort();
      await child;
    },
  };
}

async function register(dir: string, { name, nkey, nodeKey }: WireNode): Promise<void> {
  const config = ["--config", join(dir, "controller.json")];
  const node = ["--node", name, "--nkey", nkey, "--node-key", nodeKey];
  await execa(process.execPath, [program, "node", "add", ...config, ...node]);
}

/** A server that has not yet read of the node refuses it. */
function connected(node: WireNode, port: number, fleetId: string): Promise<boolean> {
  return node.connect(port, fleetId).then(
    () => true,
    () => false,
  );
}

function leafOf(fleetId: string, { name, nodeKey }: WireNode, word: string): Leaf {
  const path = toplevel(word);
  const entries = closureOf(path);
  return Leaf.parse({
    v: 1,
    fleetId,
    node: name,
    nodeKey,
    toplevel: path,
    closure: closureDigest(entries),
    closureSize: closureSize(entries),
    substituters: [],
  });
}

type Http = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;

async function makeHead(http: Http, view: FleetView, leaves: readonly Leaf[]) {
  for (const { closure, toplevel: path } of leaves) {
    for (const { name, body } of uploadsOf(path)) await http("PUT", `/cache/${name}`, body);
    await http("PUT", `/cache/closure/${closure}`, { v: 1, entries: closureOf(path) });
  }
  const world = worldId(leaves);
  await http("PUT", `/v1/worlds/${world}`, { v: 1, leaves });
  const now = Date.now();
  const newest = view.panic?.panic.serial === view.head?.head.serial ? view.panic : null;
  return {
    v: 1,
    kind: "head",
    fleetId: view.fleetId,
    epoch: 0,
    serial: (view.head?.head.serial ?? 0) + 1,
    world,
    size: leaves.length,
    previous: newest?.id ?? view.head?.id ?? null,
    mode: "deploy",
    policy: {},
    revertTo: view.head?.head.world ?? null,
    consentUntil: null,
    createdAt: new Date(now).toISOString(),
    notAfter: new Date(now + 3_600_000).toISOString(),
    author: "anna",
    reason: "",
  };
}

async function request({ url, token }: { url: string; token: string }, method: string, body?: unknown) {
  const isBytes = body instanceof Uint8Array;
  const type = isBytes ? {} : { "content-type": "application/json" };
  const init = { method, headers: { authorization: `Bearer ${token}`, ...type } };
  const response = await fetch(
    url,
    body === undefined ? init : { ...init, body: isBytes ? new Uint8Array(body) : JSON.stringify(body) },
  );
  const text = await response.text();
  const parsed: unknown = text.startsWith("{") ? JSON.parse(text) : text;
  return { status: response.status, body: parsed };
}

async function callCli(home: string, args: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(root, "cli/src/main.ts"), ...args],
    {
      env: { HOME: home, PATH: process.env["PATH"] ?? "", USER: "anna" },
      extendEnv: false,
      reject: false,
      cwd: home,
    },
  );
  return { code: exitCode, out: stdout, err: stderr };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolved) => server.once("listening", resolved));
  const address = server.address();
  await new Promise((resolved) => server.close(resolved));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
