/** SHELL. Tests only: a real nats-server with one node's permissions, and an operator who may do everything. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { generateNkey, parseNkeySeed, type NkeySigner } from "@chimera/proto/nkey";
import { leadPermissions, nodePermissions, type Permissions } from "@chimera/proto/permissions";
import { buckets, streams, subjects } from "@chimera/proto/subjects";
import { connect, StorageType, type NatsConnection } from "nats";

export interface NatsFixture {
  port: number;
  url: string;
  node: NkeySigner;
  start: () => Promise<void>;
  /** As a crash, and back without what was kept in memory. */
  restartBare: () => Promise<void>;
  /** As a crash: SIGKILL. */
  kill: () => Promise<void>;
  operator: () => Promise<NatsConnection>;
  dispose: () => Promise<void>;
}

export interface NodeUser {
  /** A subject that the node may not publish to. */
  lacks?: string | undefined;
  /** It may lead rollouts. */
  isLead?: boolean;
}

/** The server's configuration is on disk before it starts, so a client may come first. */
export async function createNatsFixture(
  fleet: string,
  node: string,
  user: NodeUser = {},
): Promise<NatsFixture> {
  const folder = mkdtempSync(join(tmpdir(), "chimera-nats-"));
  const port = await freePort();
  const [nodeSeed, operatorSeed] = [generateNkey(), generateNkey()];
  const config = join(folder, "nats.conf");
  const nodeUser = { nkey: nodeSeed.publicKey, permissions: permissionsOf(user, { fleet, node }) };
  writeConfig(config, { port, users: [nodeUser, { nkey: operatorSeed.publicKey }], folder });
  const server = createServerProcess(config);
  const clients: NatsConnection[] = [];
  const operator = async () => {
    const client = await connectAs(parseNkeySeed(operatorSeed.seed), port);
    clients.push(client);
    return client;
  };
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    node: parseNkeySeed(nodeSeed.seed),
    start: async () => {
      server.start();
      await prepare(await operator());
    },
    restartBare: async () => {
      await server.kill();
      server.start();
      await operator();
    },
    kill: server.kill,
    operator,
    dispose: async () => {
      for (const client of clients) await client.close();
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function permissionsOf(
  { lacks, isLead = false }: NodeUser,
  { fleet, node }: { fleet: string; node: string },
): Permissions {
  const { publish, subscribe } = (isLead ? leadPermissions : nodePermissions)(fleet, node);
  return { publish: { allow: publish.allow.filter((subject) => subject !== lacks) }, subscribe };
}

function writeConfig(
  file: string,
  { port, users, folder }: { port: number; users: object[]; folder: string },
): void {
  const jetstream = { store_dir: join(folder, "js") };
  writeFileSync(file, JSON.stringify({ host: "127.0.0.1", port, jetstream, authorization: { users } }));
}

function createServerProcess(config: string): { start: () => void; kill: () => Promise<void> } {
  let server: ChildProcess | null = null;
  return {
    start: () => {
      server = spawn(natsServer(), ["-c", config], { stdio: "ignore" });
    },
    kill: async () => {
      if (server === null || server.exitCode !== null) return;
      server.kill("SIGKILL");
      await once(server, "exit");
      server = null;
    },
  };
}

function connectAs(signer: NkeySigner, port: number): Promise<NatsConnection> {
  return connect({
    servers: `127.0.0.1:${port}`,
    waitOnFirstConnect: true,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
    authenticator: (nonce) => ({
      nkey: signer.publicKey,
      sig: signer.sign(Buffer.from(nonce ?? "")).toString("base64url"),
    }),
  });
}

/** As the controller makes them, as far as a node sees them. */
async function prepare(client: NatsConnection): Promise<void> {
  const jetstream = client.jetstream();
  await jetstream.views.kv(buckets.desired, { history: 64 });
  await jetstream.views.kv(buckets.status, { storage: StorageType.Memory });
  const manager = await client.jetstreamManager();
  await manager.streams.add({ name: streams.events, subjects: [subjects.all.events] });
}

export function natsServer(): string {
  const named = process.env["CHIMERA_NATS_SERVER"];
  if (named !== undefined) return named;
  const onPath = (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, "nats-server"));
  const cached = globSync(join(homedir(), ".cache/chimera/*/usr/sbin/nats-server"));
  const found = [...onPath, ...cached].find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new ChimeraError("tool-missing", "nats-server is not on PATH; set CHIMERA_NATS_SERVER");
}

/**
 * Below those that the kernel gives to clients: one that tries again and again to reach a server that is away can be given
 * the server's own port, is then connected to itself, and the server cannot start.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    server.close();
    if (isFree) return port;
  }
}
