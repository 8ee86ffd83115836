/** SHELL. For tests: `chimera-controller dev` as a process, and how it is asked as an operator would. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { vi } from "vitest";
import { natsServerPath } from "./nix-on-path.ts";
import type { WireNode } from "./wire-node.ts";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "controller/src/main.ts");

export type Http = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<{ status: number; body: unknown }>;

export interface Ports {
  http: number;
  nats: number;
}

/** Resolves once it has said what a context needs. */
export async function startController(dir: string, { http, nats }: Ports) {
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
    /** nats-server, its child, goes on. */
    kill: async () => {
      child.kill("SIGKILL");
      await child;
    },
    freeze: () => void child.kill("SIGSTOP"),
  };
}

/** Also one that a killed parent left behind. */
export async function endNatsServer(dir: string): Promise<void> {
  const pid = Number(await readFile(join(dir, "nats-server.pid"), "utf8").catch(() => ""));
  if (!(pid > 0)) return;
  const isGone = (signal: "SIGKILL" | 0): boolean => {
    try {
      return !process.kill(pid, signal);
    } catch {
      return true;
    }
  };
  if (isGone("SIGKILL")) return;
  await vi.waitUntil(() => isGone(0), { timeout: 10_000, interval: 20 });
}

/** With the same port and users, without JetStream. */
export async function startBareNats(dir: string, folder: string): Promise<void> {
  const config = await readFile(join(dir, "nats-server.conf"), "utf8");
  const bare = join(folder, "bare.conf");
  await writeFile(bare, config.replace(/^jetstream: \{[^}]*\}$/mu, ""));
  spawn(natsServerPath(), ["-c", bare, "-P", join(dir, "nats-server.pid")], { stdio: "ignore" }).unref();
}

export async function register(dir: string, { name, nkey, nodeKey }: WireNode): Promise<void> {
  const config = ["--config", join(dir, "controller.json")];
  const node = ["--node", name, "--nkey", nkey, "--node-key", nodeKey];
  await execa(process.execPath, [program, "node", "add", ...config, ...node]);
}

export function createHttp(port: number, token: string): Http {
  return async (method, path, body) => {
    const isBytes = body instanceof Uint8Array;
    const type = isBytes ? {} : { "content-type": "application/json" };
    const init = { method, headers: { authorization: `Bearer ${token}`, ...type } };
    const sent = isBytes ? new Uint8Array(body) : JSON.stringify(body);
    const response = await fetch(
      `http://127.0.0.1:${port}${path}`,
      body === undefined ? init : { ...init, body: sent },
    );
    const text = await response.text();
    const parsed: unknown = text.startsWith("{") ? JSON.parse(text) : text;
    return { status: response.status, body: parsed };
  };
}

/** As a process, with a home of its own. */
export async function callCli(home: string, args: readonly string[]) {
  const main = join(root, "cli/src/main.ts");
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
    env: { HOME: home, PATH: process.env["PATH"] ?? "", USER: "anna" },
    extendEnv: false,
    reject: false,
    cwd: home,
  });
  return { code: exitCode, out: stdout, err: stderr };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolved) => server.once("listening", resolved));
  const address = server.address();
  await new Promise((resolved) => server.close(resolved));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
