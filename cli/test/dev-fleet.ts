/** SHELL. For tests: a fleet of the real controller and nats-server, with nodes on the wire, and an operator's CLI. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FleetView, NodeList } from "@chimera/proto/api";
import { FleetId } from "@chimera/proto/names";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { closureDigest, closureSize } from "@chimera/proto/signed/closure";
import { parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { Leaf, sortLeaves, worldId } from "@chimera/proto/signed/world";
import { vi } from "vitest";
import {
  startBareNats,
  endNatsServer,
  callCli,
  createHttp,
  freePort,
  register,
  startController,
  type Http,
  type Ports,
} from "./dev-controller.ts";
import { toplevel } from "./signed-fleet.ts";
import { closureOf, uploadsOf } from "./store-object.ts";
import { createWireNode, type WireNode } from "./wire-node.ts";

export type DevFleet = Awaited<ReturnType<typeof startDevFleet>>;

export async function startDevFleet(names: readonly string[]) {
  const home = await mkdtemp(join(tmpdir(), "chimera-cli-dev-"));
  const dir = join(home, "dev");
  const ports = { http: await freePort(), nats: await freePort() };
  const nodes = new Map(names.map((name) => [name, createWireNode(name)]));
  const all = [...nodes.values()];
  const { control, context } = await createControl({ dir, home, nodes: all }, ports);
  for (const node of all) await register(dir, node);
  const operator = await createDevOperator(home, { dir, port: ports.http, context });
  await vi.waitUntil(async () => await areRegistered(operator.http, all), patience);
  const { fleetId } = operator;
  const node = (name: string): WireNode => nodes.get(name) ?? createWireNode(name);
  return {
    ...operator,
    ...control,
    home,
    dir,
    node,
    leaf: (name: string, word: string): Leaf => leafOf(fleetId, node(name), word),
    connectNodes: async () => {
      for (const one of all) await vi.waitUntil(() => connected(one, ports.nats, fleetId), patience);
    },
  };
}

const patience = { timeout: 15_000, interval: 100 };

/** What becomes of controller and nats-server. */
async function createControl(
  { dir, home, nodes }: { dir: string; home: string; nodes: readonly WireNode[] },
  ports: Ports,
) {
  let running = await startController(dir, ports);
  const stop = async (): Promise<void> => {
    for (const node of nodes) node.close();
    await running.stop();
    await endNatsServer(dir);
  };
  const start = async (): Promise<void> => {
    // It ends a server of its own that was left, and no other one.
    await endNatsServer(dir);
    running = await startController(dir, ports);
  };
  const control = {
    startController: start,
    /** nats-server goes on. */
    killController: () => running.kill(),
    freezeController: () => running.freeze(),
    /** Everything that NATS had on disk is gone; the controller's own files are not. */
    loseNatsData: async () => {
      await stop();
      await rm(join(dir, "jetstream"), { recursive: true });
      await start();
    },
    /** nats-server keeps its port and its users, and nothing else; the controller is dead. */
    restartWithoutJetStream: async () => {
      for (const one of nodes) one.close();
      await endNatsServer(dir);
      await startBareNats(dir, home);
    },
    close: async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  return { control, context: running.context };
}

/** Whoever has every key of the fleet: through the CLI, and past it. */
async function createDevOperator(
  home: string,
  { dir, port, context }: { dir: string; port: number; context: string },
) {
  const config = join(home, ".config", "chimera");
  await mkdir(config, { recursive: true });
  await writeFile(join(config, "config.toml"), context);
  const fleetId = FleetId.parse(/fleetId = "([0-9a-f]+)"/u.exec(context)?.[1]);
  const token = (await readFile(join(dir, "keys", "admin.token"), "utf8")).trim();
  const http = createHttp(port, token);
  const signer = async (role: string): Promise<Signer> =>
    parseSecretKey(await readFile(join(dir, "keys", `${role}.key`), "utf8"));
  return {
    fleetId,
    http,
    signer,
    chimera: (...args: string[]) => callCli(home, args),
    sealed: async (kind: "head" | "panic" | "order", message: object, role: string): Promise<Envelope> =>
      seal(kind, { v: 1, kind, fleetId, ...message }, [await signer(role)]),
    /** Closures, world and head, past the CLI; throws what the controller has against them. */
    publish: async (leaves: readonly Leaf[]) => {
      const view = FleetView.parse((await http("GET", "/v1/fleet")).body);
      const world = await uploadWorld(http, sortLeaves(leaves));
      const head = { ...world, fleetId, ...nextPlace(view), ...times() };
      const envelope = seal("head", head, [await signer("publish")]);
      const { status, body } = await http("PUT", "/v1/head", { envelope, expectedRevision: view.revision });
      if (status !== 200) throw new Error(JSON.stringify(body));
      return envelope;
    },
  };
}

/** The controller looks at its list of nodes once a second. */
async function areRegistered(http: Http, nodes: readonly WireNode[]): Promise<boolean> {
  const { data } = NodeList.safeParse((await http("GET", "/v1/nodes")).body);
  return nodes.every(({ name, nodeKey }) =>
    data?.nodes.some((view) => view.node === name && view.nodeKey === nodeKey),
  );
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
  const closure = { closure: closureDigest(entries), closureSize: closureSize(entries) };
  return Leaf.parse({ v: 1, fleetId, node: name, nodeKey, toplevel: path, ...closure, substituters: [] });
}

async function uploadWorld(http: Http, leaves: readonly Leaf[]) {
  for (const { closure, toplevel: path } of leaves) {
    for (const { name, body } of uploadsOf(path)) await http("PUT", `/cache/${name}`, body);
    await http("PUT", `/cache/closure/${closure}`, { v: 1, entries: closureOf(path) });
  }
  const world = worldId(leaves);
  await http("PUT", `/v1/worlds/${world}`, { v: 1, leaves });
  return { world, size: leaves.length };
}

function nextPlace({ head, panic }: FleetView) {
  if (head === null) return { epoch: 0, serial: 1, previous: null, revertTo: null };
  const isUndone = panic?.panic.undoes === head.id;
  const { epoch, serial, world } = head.head;
  return { epoch, serial: serial + 1, previous: isUndone ? panic.id : head.id, revertTo: world };
}

function times() {
  const now = Date.now();
  const [createdAt, notAfter] = [now, now + 3_600_000].map((ms) => new Date(ms).toISOString());
  const rest = { mode: "deploy", policy: {}, consentUntil: null, author: "anna", reason: "" };
  return { v: 1, kind: "head", ...rest, createdAt, notAfter };
}
