/** SHELL. For tests: a controller, an agent and an operator as the programs that ship, with all that they say, and all of their secrets. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { bundle } from "../../tools/bundle.ts";
import { toolCommand } from "../lab/tools/tool-command.ts";
import type { Heard, Secret } from "./find-leaks.ts";
import { freePort } from "../lab/free-port.ts";

type Program = "agent" | "controller" | "chimera";

/** In the environment of every process. */
export const planted: readonly Secret[] = [
  { name: "a password of the environment", value: "env-Qm7Zx2Lp9Wc4Rt8Yb3Nk6Vd1" },
  { name: "an access key of the environment", value: "AKxT5hJ2mW8qZ4rB7nC1vD6sF9gL3kP0" },
];

const Identity = z.object({ nkey: z.string(), nodeKey: z.string() });

export type SecretStage = Awaited<ReturnType<typeof openSecretStage>>;

export async function openSecretStage() {
  const home = mkdtempSync(join(tmpdir(), "chimera-secrets-"));
  await bundle({ outdir: join(home, "dist") });
  const heard: Heard[] = [];
  const running = new Set<ReturnType<typeof start>>();
  const start = createStart(home);
  /** What goes on; what it said is heard at its end. */
  function begin(asked: Asked) {
    const child = start(asked);
    running.add(child);
    void child.then(({ all }) => {
      running.delete(child);
      return heard.push({ from: asked.name, text: all });
    });
    return child;
  }
  async function endAll(): Promise<void> {
    for (const child of running) child.kill("SIGTERM");
    await Promise.all(running);
  }
  async function close(): Promise<void> {
    await endAll();
    rmSync(home, { recursive: true, force: true });
  }
  /** Until its end, or for so long. */
  async function call(asked: Asked, mostMs = 60_000) {
    const child = begin(asked);
    const timer = setTimeout(() => child.kill("SIGTERM"), mostMs);
    const { exitCode, stdout } = await child;
    clearTimeout(timer);
    return { code: exitCode ?? -1, stdout };
  }
  return { home, heard, begin, call, start, endAll, close };
}

interface Asked {
  name: string;
  program: Program;
  args: readonly string[];
  env?: Record<string, string>;
}

function createStart(home: string) {
  const env = {
    HOME: home,
    USER: "anna",
    PATH: process.env["PATH"] ?? "",
    PGPASSWORD: planted[0]?.value ?? "",
    AWS_SECRET_ACCESS_KEY: planted[1]?.value ?? "",
  };
  return ({ program, args, env: more }: Asked) =>
    execa(process.execPath, [join(home, "dist", `${program}.mjs`), ...args], {
      env: { ...env, ...more },
      extendEnv: false,
      reject: false,
      cwd: home,
      all: true,
      forceKillAfterDelay: 10_000,
    });
}

/** Key sets, tokens and one node, made by the programs themselves. */
export async function prepareFleet(stage: SecretStage) {
  const dir = join(stage.home, "dev");
  const ports = { http: await freePort(), nats: await freePort(), beside: await freePort() };
  const [natsServer = "nats-server"] = toolCommand("nats-server");
  const args = ["dev", "--dir", dir, "--port", String(ports.http), "--nats-port", String(ports.nats)];
  const dev = [...args, "--nats-server", natsServer];
  const begun = stage.begin({ name: "controller dev", program: "controller", args: dev });
  const context = await untilSaid(begun, "# Its token");
  const identity = join(stage.home, "identity");
  await registerNode(stage, { config: join(dir, "controller.json"), identity });
  mkdirSync(join(stage.home, ".config/chimera"), { recursive: true });
  writeFileSync(join(stage.home, ".config/chimera/config.toml"), context);
  return {
    dir,
    config: join(dir, "controller.json"),
    identity,
    ports,
    url: `http://127.0.0.1:${ports.http}`,
    context,
  };
}

async function registerNode(stage: SecretStage, { config, identity }: { config: string; identity: string }) {
  const make = ["identity", "--dir", identity, "--node", "n1"];
  const made = await stage.call({ name: "agent identity", program: "agent", args: make });
  const { nkey, nodeKey } = Identity.parse(JSON.parse(made.stdout));
  const add = ["node", "add", "--config", config, "--node", "n1", "--nkey", nkey, "--node-key", nodeKey];
  await stage.call({ name: "node add", program: "controller", args: add });
  const create = ["token", "create", "--config", config, "--role", "node", "--node", "n1"];
  // It is there to print a secret: it is not heard.
  const { stdout: token } = await stage.start({ name: "", program: "controller", args: create });
  writeFileSync(join(identity, "token"), token, { mode: 0o600 });
}

async function untilSaid(child: ReturnType<SecretStage["begin"]>, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(word)) resolve(text);
    });
    void child.then(({ all }) => reject(new Error(`it ended before it said ${word}: ${all}`)));
  });
}

/** Of every secret file in the folders: all but the public half of a key, which is everywhere. */
export function secretsIn(folders: readonly string[]): Secret[] {
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /\.(key|seed|token)$|^token$/.test(file))
      .map((file) => ({ name: file, value: secretPart(readFileSync(join(folder, file), "utf8").trim()) })),
  );
}

/** Of `name:base64` the 32 bytes that are the seed. */
function secretPart(text: string): string {
  return text.includes(":") ? text.slice(text.indexOf(":") + 1).slice(0, 42) : text;
}

/** Every file below the folder but the secret ones themselves. */
export function filesBelow(folder: string, isSecret: (path: string) => boolean): Heard[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !isSecret(path))
    .map((path) => ({ from: path.slice(folder.length + 1), text: readFileSync(path, "latin1") }));
}
