/** SHELL. For tests: an operator with a home of his own, a fleet made by `chimera init`, and its server. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Envelope } from "@chimera/proto/signed/envelope";
import { FleetId } from "@chimera/proto/names";
import { z } from "zod";
import type { Io } from "../src/io.ts";
import { run } from "../src/run.ts";
import { createTestNode, type TestNode } from "./test-node.ts";
import { startFleetServer, type FleetServer } from "./fleet-server.ts";

const token = "test-token-0123456789";
const Made = z.object({
  fleetId: FleetId,
  folder: z.string(),
  keySetFile: z.string(),
});

export interface CalledResult {
  code: number;
  out: string;
  err: string;
}

export interface TestOperator {
  home: string;
  folder: string;
  fleetId: FleetId;
  server: FleetServer;
  tokenFile: string;
  configFile: string;
  call(args: readonly string[], changes?: Partial<Io>): Promise<CalledResult>;
  /** Registers a node that never spoke. */
  addNode(name: string): TestNode;
  close(): Promise<void>;
}

export async function createOperator(): Promise<TestOperator> {
  const home = await mkdtemp(join(tmpdir(), "chimera-cli-"));
  const call: TestOperator["call"] = (args, changes) => callCli(home, args, changes);
  const tokenFile = join(home, "token");
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  const init = await call([
    "init",
    "--name",
    "lab",
    "--controller",
    "http://127.0.0.1:9",
    "--token-file",
    tokenFile,
    "--json",
  ]);
  const { fleetId, folder, keySetFile } = Made.parse(JSON.parse(init.out));
  const server = await startFleetServer({
    fleetId,
    keySet: Envelope.parse(JSON.parse(await readFile(keySetFile, "utf8"))),
    token,
  });
  const configFile = join(home, ".config", "chimera", "config.toml");
  const config = await readFile(configFile, "utf8");
  await writeFile(configFile, config.replace("http://127.0.0.1:9", server.url));
  const known = { home, folder, fleetId, server, tokenFile, configFile, call };
  return {
    ...known,
    addNode: (name) => silentNode(name, server),
    close: async () => {
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function silentNode(name: string, { nodes }: FleetServer): TestNode {
  const node = createTestNode(name);
  nodes.set(name, node.silent());
  return node;
}

async function callCli(
  home: string,
  args: readonly string[],
  changes: Partial<Io> = {},
): Promise<CalledResult> {
  const { io, said } = testIo(home, changes);
  const code = await run(args, io);
  return { code, ...said };
}

/** What a process would have, and what it says. */
export function testIo(home: string, changes: Partial<Io> = {}) {
  const said = { out: "", err: "" };
  const io: Io = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    outTty: false,
    errTty: false,
    outGone: () => false,
    inTty: false,
    ask: () => Promise.reject(new Error("nobody is there to answer")),
    paint: (_, text) => text,
    env: { HOME: home, PATH: process.env["PATH"] },
    cwd: home,
    nowMs: Date.now,
    signal: new AbortController().signal,
    sleep: (ms) => delay(Math.min(ms, 20)),
    ...changes,
  };
  return { io, said };
}
