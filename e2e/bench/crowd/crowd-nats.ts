// SHELL. The nats-server of the crowd's benchmarks: a user with an allow list for each node, data synced as in production.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { nodePermissions } from "@chimera/proto/permissions";
import { buckets, streams, subjects } from "@chimera/proto/subjects";
import { connect, Events, StorageType, type NatsConnection } from "nats";
import { toolCommand } from "../../lab/tools/tool-command.ts";
import type { CrowdFleet } from "./crowd-fleet.ts";

export interface CrowdNats {
  url: string;
  /** Who may do everything. Kept over restarts. */
  operator: NatsConnection;
  /** As a crash: SIGKILL, and started again at once. Resolves when the operator is connected again. */
  restart: () => Promise<void>;
  consumers: () => Promise<number>;
  /** Resident memory, in MB, and CPU time, in ms. */
  facts: () => Promise<{ rssMb: number; cpuMs: number }>;
  stop: () => Promise<void>;
}

export async function startCrowdNats(folder: string, fleet: CrowdFleet): Promise<CrowdNats> {
  const port = await freePort();
  const own = generateNkey();
  const file = join(folder, "nats.conf");
  await writeFile(file, configOf(folder, { port, fleet, operatorNkey: own.publicKey }), { mode: 0o600 });
  let server = startServer(file);
  const operator = await connectOperator(port, own.seed);
  await makeStreams(operator);
  return {
    url: `nats://127.0.0.1:${port}`,
    operator,
    async restart() {
      const back = nextReconnect(operator);
      await end(server);
      server = startServer(file);
      await back;
    },
    async consumers() {
      const manager = await operator.jetstreamManager();
      let count = 0;
      for await (const { state } of manager.streams.list()) count += state.consumer_count;
      return count;
    },
    facts: () => processFacts(server.pid ?? 0),
    async stop() {
      await operator.close();
      await end(server);
    },
  };
}

function configOf(
  folder: string,
  { port, fleet, operatorNkey }: { port: number; fleet: CrowdFleet; operatorNkey: string },
): string {
  const users = fleet.members.map(({ node, nkey }) => ({
    nkey,
    permissions: nodePermissions(fleet.fleetId, node),
  }));
  return JSON.stringify({
    host: "127.0.0.1",
    port,
    jetstream: { store_dir: join(folder, "jetstream"), sync_interval: "always" },
    max_payload: 2 << 20,
    write_deadline: "10s",
    ping_interval: "20s",
    ping_max: 2,
    authorization: { timeout: 10, users: [{ nkey: operatorNkey }, ...users] },
  });
}

function startServer(file: string): ChildProcess {
  const [program = "nats-server", ...args] = toolCommand("nats-server");
  const server = spawn(program, [...args, "-c", file, "-l", "/dev/null"], { stdio: "ignore" });
  process.once("exit", () => server.kill("SIGKILL"));
  return server;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGKILL");
  await once(server, "exit");
}

async function nextReconnect(operator: NatsConnection): Promise<void> {
  for await (const { type } of operator.status()) if (type === Events.Reconnect) return;
}

function connectOperator(port: number, seed: string): Promise<NatsConnection> {
  const signer = parseNkeySeed(seed);
  return connect({
    servers: `127.0.0.1:${port}`,
    waitOnFirstConnect: true,
    reconnectTimeWait: 20,
    reconnectJitter: 0,
    maxReconnectAttempts: -1,
    authenticator: (nonce) => ({
      nkey: signer.publicKey,
      sig: signer.sign(Buffer.from(nonce ?? "")).toString("base64url"),
    }),
  });
}

/** As the controller declares them, as far as agents see them. */
export async function makeStreams(operator: NatsConnection): Promise<void> {
  const jetstream = operator.jetstream();
  await jetstream.views.kv(buckets.desired, { history: 64 });
  await jetstream.views.kv(buckets.status, { storage: StorageType.Memory });
  const manager = await operator.jetstreamManager();
  await manager.streams.add({ name: streams.events, subjects: [subjects.all.events] });
  await manager.streams.add({
    name: streams.health,
    subjects: [subjects.all.health],
    storage: StorageType.Memory,
    max_msgs_per_subject: 30,
  });
}

async function processFacts(pid: number): Promise<{ rssMb: number; cpuMs: number }> {
  const { readFile } = await import("node:fs/promises");
  const stat = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /u, "").split(" ");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kb = Number(/^VmRSS:\s+(\d+)/mu.exec(status)?.[1] ?? 0);
  // Linux counts in hundredths of a second.
  return { rssMb: kb / 1024, cpuMs: (Number(stat[11]) + Number(stat[12])) * 10 };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address === "object" && address !== null) return address.port;
  throw new ChimeraError("bug", "a server without a port");
}
