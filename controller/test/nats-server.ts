/** SHELL. A real nats-server for a test: CHIMERA_NATS_SERVER, else PATH when it is new enough; never a stand-in. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as connectTcp } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

export const natsServerProgram = process.env["CHIMERA_NATS_SERVER"] ?? "nats-server";

export interface TestServer {
  configFile: string;
  stop(): Promise<void>;
  /** kill -9 and start again on the same port and data; `between` may take the data away. */
  restart(between?: () => void): Promise<void>;
  reload(text: string): void;
}

export async function startTestServer(configText: string, port: number): Promise<TestServer> {
  await requireVersion();
  const directory = mkdtempSync(join(tmpdir(), "chimera-nats-"));
  const configFile = join(directory, "nats.conf");
  writeFileSync(configFile, configText);
  const start = () => execa(natsServerProgram, ["-c", configFile], { reject: false, stdio: "ignore" });
  let child = start();
  await untilListening(port);
  return {
    configFile,
    stop: async () => {
      child.kill("SIGTERM");
      await child;
      rmSync(directory, { recursive: true, force: true });
    },
    restart: async (between) => {
      child.kill("SIGKILL");
      await child;
      between?.();
      child = start();
      await untilListening(port);
    },
    reload: (text) => {
      writeFileSync(configFile, text);
      child.kill("SIGHUP");
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

/** Polls until it holds; throws with the text after 15 s. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${what}`);
    await sleep(20);
  }
}

async function requireVersion(): Promise<void> {
  const { stdout } = await execa(natsServerProgram, ["--version"]);
  const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
  if (major < 2 || (major === 2 && minor < 15)) throw new Error(`nats-server 2.15 is due, found ${stdout}`);
}

async function untilListening(port: number): Promise<void> {
  await eventually(`port ${port} open`, async () => {
    const socket = connectTcp(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  });
}
