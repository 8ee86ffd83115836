// SHELL. What a lab fleet's hosts are told before their first boot: keys, tokens, the hub's registers. All of it is
// made by the programs under test, in a folder of its own on this machine.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { HostFile } from "../lab/host-files.ts";
import { fleetFolder } from "./fleet-folder.ts";
import { hubUrl } from "./fleet-systems.ts";
import type { programIn } from "./run-program.ts";

const Made = z.object({
  fleetId: z.string(),
  folder: z.string(),
  publicKeys: z.object({ publish: z.string() }),
  cachePublicKey: z.string(),
});
const Identity = z.object({ node: z.string(), nkey: z.string(), nodeKey: z.string() });

export interface Identities {
  fleetId: string;
  publishKey: string;
  cacheKey: string;
  /** Node -> the public key it signs its status with. */
  nodeKeys: Record<string, string>;
  /** controller.json as it is on the hub. */
  controller: object;
  /** nats-server's configuration. */
  nats: string;
  /** Host -> files to lay down before it boots. */
  files: Record<string, HostFile[]>;
}

type RunProgram = ReturnType<typeof programIn>;

const agentState = "/var/lib/chimera/identity";
const hubState = "/var/lib/chimera-controller";

export async function makeIdentities(run: RunProgram, nodes: readonly string[]): Promise<Identities> {
  const operator = fleetFolder("operator");
  await mkdir(operator, { recursive: true, mode: 0o700 });
  const env = { XDG_CONFIG_HOME: operator, HOME: operator };
  const init = await run("chimera", ["init", "--name", "lab", "--controller", hubUrl, "--json"], env);
  const made = Made.parse(JSON.parse(init));
  const identities = await Promise.all(["hub", ...nodes].map((host) => makeIdentity(run, host)));
  const hub = await makeHub(run, { fleetId: made.fleetId, publishKey: made.publicKeys.publish, identities });
  const files: Record<string, HostFile[]> = {
    hub: hub.files,
    ws: await operatorFiles(made.folder, hub.operatorToken),
  };
  for (const node of nodes) {
    files[node] = [
      ...(await identityFiles(node, agentState)),
      { path: `${agentState}/token`, text: `${hub.tokens[node] ?? ""}\n`, mode: 0o600 },
    ];
  }
  return {
    fleetId: made.fleetId,
    publishKey: made.publicKeys.publish,
    cacheKey: made.cachePublicKey,
    nodeKeys: Object.fromEntries(identities.map(({ node, nodeKey }) => [node, nodeKey])),
    controller: hub.config,
    nats: hub.nats,
    files,
  };
}

async function makeIdentity(run: RunProgram, host: string): Promise<z.infer<typeof Identity>> {
  const folder = fleetFolder("identity", host);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return Identity.parse(JSON.parse(await run("agent", ["identity", "--dir", folder, "--node", host])));
}

async function identityFiles(host: string, target: string): Promise<HostFile[]> {
  const read = (name: string) => readFile(fleetFolder("identity", host, name), "utf8");
  return [
    { path: `${target}/nats.seed`, text: await read("nats.seed"), mode: 0o600 },
    { path: `${target}/node.key`, text: await read("node.key"), mode: 0o600 },
  ];
}

interface HubInput {
  fleetId: string;
  publishKey: string;
  identities: readonly z.infer<typeof Identity>[];
}

/** Registers and tokens are made here with a configuration of the same fleet whose paths are this machine's. */
async function makeHub(run: RunProgram, { fleetId, publishKey, identities }: HubInput) {
  const folder = fleetFolder("hub");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = (state: string, seed: string) => ({
    fleetId,
    listen: { host: "0.0.0.0", port: 7070 },
    nats: { servers: ["nats://127.0.0.1:4222"], seedFile: seed },
    cacheDir: `${state}/cache`,
    tokensFile: `${state}/tokens.json`,
    nodesFile: `${state}/nodes.json`,
    trust: { publish: { keys: [publishKey], threshold: 1 } },
  });
  const here = join(folder, "controller.json");
  await writeFile(here, JSON.stringify(config(folder, fleetFolder("identity", "hub", "nats.seed"))));
  const tokens: Record<string, string> = {};
  const token = async (args: readonly string[]) =>
    (await run("controller", ["token", "create", "--config", here, ...args])).trim();
  // One after the other: they write the same two files.
  for (const { node, nkey, nodeKey } of identities.filter(({ node: name }) => name !== "hub")) {
    await run("controller", [
      "node",
      "add",
      "--config",
      here,
      "--node",
      node,
      "--nkey",
      nkey,
      "--node-key",
      nodeKey,
    ]);
    tokens[node] = await token(["--role", "node", "--node", node]);
  }
  const operatorToken = await token(["--role", "operator", "--name", "ws"]);
  const nats = await run("controller", ["nats-config", "--config", here]);
  const files: HostFile[] = [
    ...(await identityFiles("hub", hubState)),
    {
      path: `${hubState}/tokens.json`,
      text: await readFile(join(folder, "tokens.json"), "utf8"),
      mode: 0o600,
    },
    { path: `${hubState}/nodes.json`, text: await readFile(join(folder, "nodes.json"), "utf8"), mode: 0o600 },
  ];
  return { config: config(hubState, `${hubState}/nats.seed`), nats, files, tokens, operatorToken };
}

/** The operator's context and keys, with the names they have on ws. */
async function operatorFiles(keyFolder: string, token: string): Promise<HostFile[]> {
  const target = "/root/.config/chimera";
  const context = await readFile(fleetFolder("operator", "chimera", "config.toml"), "utf8");
  const keys = ["root", "publish", "panic", "order", "cache"].map(async (name) => ({
    path: `${target}/keys/lab/${name}.key`,
    text: await readFile(join(keyFolder, `${name}.key`), "utf8"),
    mode: 0o600,
  }));
  // Names in the context are relative to it on ws: one line more tells where the token is.
  const moved = context.replaceAll(fleetFolder("operator", "chimera"), target);
  return [
    { path: `${target}/config.toml`, text: withToken(moved, `${target}/token`), mode: 0o600 },
    { path: `${target}/token`, text: `${token}\n`, mode: 0o600 },
    ...(await Promise.all(keys)),
  ];
}

function withToken(context: string, path: string): string {
  return context.replace(/^(controller = .*)$/m, `$1\ntokenFile = ${JSON.stringify(path)}`);
}
