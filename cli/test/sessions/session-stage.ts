/** SHELL. For tests: a fleet of the real controller and nats-server, and nodes whose sessions are what a test writes into files. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { generateNkey } from "@chimera/proto/nkey";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { execa } from "execa";
import { endNatsServer, freePort, register, startController } from "../fixture/dev-controller.ts";
import { eventually, main, openTerminal, type Terminal } from "../fixture/run-stage.ts";

const program = resolve(import.meta.dirname, "../../../agent/src/session-stage/main.ts");
const call = promisify(execFile);

export interface StagedNode {
  name: string;
  start(): void;
  /** As a machine that is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** A session of lines in a file, and what writes into it. */
  log(name: string, changes?: Partial<SessionFacts>): Promise<StagedLog>;
  /** A session with a terminal, in which that script runs. */
  terminal(name: string, script: string, changes?: Partial<SessionFacts>): Promise<StagedTerminal>;
}

export interface StagedLog {
  file: string;
  write(bytes: string | Uint8Array): Promise<void>;
  facts(changes: Partial<SessionFacts>): Promise<void>;
}

export interface StagedTerminal {
  tmux(...args: string[]): Promise<string>;
  facts(changes: Partial<SessionFacts>): Promise<void>;
}

export interface SessionStage {
  home: string;
  env: Record<string, string>;
  dir: string;
  ports: { http: number; nats: number };
  node(name: string): StagedNode;
  /** To its end. */
  call(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  start(...args: string[]): ChildProcess;
  /** At a terminal. */
  terminal(args: readonly string[], size?: { columns: number; rows: number }): Promise<Terminal>;
  /** The context has no way to NATS of its own, or has it again. */
  viaController(): Promise<void>;
  viaNats(): Promise<void>;
  end(): Promise<void>;
}

export async function createSessionStage(names: readonly string[]): Promise<SessionStage> {
  const home = await mkdtemp("/tmp/chimera-sessions-");
  const dir = join(home, "dev");
  const ports = { http: await freePort(), nats: await freePort() };
  const controller = await startController(dir, ports);
  const config = join(home, ".config/chimera/config.toml");
  await mkdir(join(home, ".config/chimera"), { recursive: true });
  await writeFile(config, controller.context);
  const fleetId = /fleetId = "([0-9a-f]+)"/u.exec(controller.context)?.[1] ?? "";
  const nodes = new Map<string, StagedNode & { end(): Promise<void> }>();
  for (const name of names) nodes.set(name, await createNode(name, { home, dir, fleetId, nats: ports.nats }));
  const without = controller.context.replaceAll(/^nats.*$/gmu, "");
  return {
    home,
    dir,
    ports,
    ...(await createSeat(home)),
    node(name) {
      const node = nodes.get(name);
      if (node === undefined) throw new Error(`no node ${name}`);
      return node;
    },
    viaController: () => writeFile(config, without),
    viaNats: () => writeFile(config, controller.context),
    async end() {
      for (const node of nodes.values()) await node.end();
      await controller.stop();
      await endNatsServer(dir);
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function createSeat(home: string): Promise<Pick<SessionStage, "env" | "call" | "start" | "terminal">> {
  const runtime = join(home, "r");
  const env = { HOME: home, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", XDG_RUNTIME_DIR: runtime };
  await mkdir(runtime, { mode: 0o700 });
  return {
    env,
    async call(...args) {
      const options = { env, extendEnv: false, reject: false, stripFinalNewline: false, cwd: home } as const;
      const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], options);
      return { code: exitCode ?? -1, out: stdout, err: stderr };
    },
    start: (...args) => spawn(process.execPath, [main, ...args], { env, cwd: home }),
    async terminal(args, size = { columns: 80, rows: 24 }) {
      terminals += 1;
      const seat = { words: [process.execPath, main], args, cwd: home, env };
      return openTerminal(join(home, `t${terminals}`), seat, size);
    },
  };
}

interface Place {
  home: string;
  dir: string;
  fleetId: string;
  nats: number;
}

async function createNode(name: string, place: Place): Promise<StagedNode & { end(): Promise<void> }> {
  const { home, fleetId, nats } = place;
  const seedFile = await registered(name, place);
  const folder = join(home, `node-${name}`);
  await mkdir(folder);
  const plan = { fleetId, node: name, server: `nats://127.0.0.1:${nats}`, seedFile, folder };
  let child: ChildProcess | null = null;
  const sockets: string[] = [];
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    child = null;
    await gone;
  };
  return {
    name,
    start() {
      child ??= spawn(process.execPath, [program, JSON.stringify(plan)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
    },
    kill,
    signal: (signal) => void child?.kill(signal),
    log: (session, changes = {}) => stageLog(folder, session, changes),
    terminal(session, script, changes = {}) {
      const socket = join(folder, `${session}.sock`);
      sockets.push(socket);
      return stageTerminal({ folder, socket }, { session, script }, changes);
    },
    async end() {
      await kill();
      for (const socket of sockets)
        await call("tmux", ["-N", "-S", socket, "kill-server"]).catch(() => undefined);
    },
  };
}

/** The file with its seed. */
async function registered(name: string, { home, dir }: Place): Promise<string> {
  const { seed, publicKey: nkey } = generateNkey();
  const seedFile = join(home, `${name}.seed`);
  await writeFile(seedFile, seed, { mode: 0o600 });
  await register(dir, { name, nkey, nodeKey: parseSecretKey(generateKey(name).secret).publicKey });
  return seedFile;
}

let [terminals, runs] = [0, 0];

function factsOf(name: string, changes: Partial<SessionFacts>): SessionFacts {
  runs += 1;
  return sessionFacts(name, {
    run: runs.toString(16).padStart(16, "0"),
    what: `what ${name} does`,
    createdAt: new Date().toISOString(),
    ...changes,
  });
}

async function stageLog(folder: string, name: string, changes: Partial<SessionFacts>): Promise<StagedLog> {
  const file = join(folder, `${name}.log`);
  await writeFile(file, "");
  const facts = factsOf(name, changes);
  const put = (more: Partial<SessionFacts>): Promise<void> =>
    writeFile(
      join(folder, `${name}.json`),
      JSON.stringify({ facts: { ...facts, ...more }, source: { file, mostBytes: 64 << 20, from: 0 } }),
    );
  await put({});
  return { file, write: (bytes) => appendFile(file, bytes), facts: put };
}

async function stageTerminal(
  { folder, socket }: { folder: string; socket: string },
  { session, script }: { session: string; script: string },
  changes: Partial<SessionFacts>,
): Promise<StagedTerminal> {
  const facts = factsOf(session, { kind: "run", output: "terminal", ...changes });
  const { columns, rows } = facts.size;
  const tmux = async (...args: string[]): Promise<string> =>
    (await call("tmux", ["-S", socket, "-f", "/dev/null", ...args])).stdout.trim();
  await tmux("new-session", "-d", "-s", "x", "-x", `${columns}`, "-y", `${rows}`, "sh", "-c", script);
  const id = await tmux("display-message", "-p", "#{session_id}");
  const put = (more: Partial<SessionFacts>): Promise<void> =>
    writeFile(
      join(folder, `${session}.json`),
      JSON.stringify({ facts: { ...facts, ...more }, source: { socket, session: id } }),
    );
  await put({});
  return { tmux, facts: put };
}

/** Until the fleet knows that session. */
export async function known(stage: SessionStage, name: string): Promise<void> {
  await eventually(
    async () => (await stage.call("sessions", "--all", "--json")).out,
    (text) => text.includes(`"name": "${name}"`),
  );
}
