// SHELL. The hub of a lab fleet: its registers of nodes and tokens, made by the controller's own commands.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { HostFile } from "../lab/host/host-files.ts";
import { fleetFolder } from "./fleet-folder.ts";
import type { FleetPasses } from "./passes.ts";
import { identityFiles, type Identity } from "./make-identity.ts";
import type { RunProgram } from "./run-program.ts";

const hubState = "/var/lib/chimera-controller";

export interface Hub {
  /** controller.json as it is on the hub. */
  config: object;
  /** nats-server's configuration. */
  nats: string;
  files: HostFile[];
  /** Bearer tokens of nodes and people, by name. */
  tokens: Record<string, string>;
}

export interface HubOperator {
  name: string;
  nkey: string;
  /** Of the token; in NATS all may do the same. */
  role: "operator" | "viewer";
}

interface HubInput {
  fleetId: string;
  trustedKeys: Envelope;
  /** Secret half of the online key. */
  freshKey: string;
  nodes: readonly Identity[];
  /** Which of them may lead rollouts. */
  leads: readonly string[];
  /** People, as NATS and the controller know them. */
  operators: readonly HubOperator[];
  /** Null where nats-server knows its users by a list. */
  passes: FleetPasses | null;
}

/** Made here with a configuration of the same fleet whose paths are this machine's. */
export async function makeHub(
  run: RunProgram,
  { fleetId, trustedKeys, freshKey, nodes, leads, operators, passes }: HubInput,
): Promise<Hub> {
  const folder = await ownFolder();
  const config = (state: string, seedFile: string, more = {}) => ({
    fleetId,
    listen: { host: "0.0.0.0", port: 7070 },
    nats: { servers: ["nats://127.0.0.1:4222"], seedFile, ...more },
    cacheDir: `${state}/cache`,
    tokensFile: `${state}/tokens.json`,
    nodesFile: `${state}/nodes.json`,
    trustedKeys,
    freshKeyFile: `${state}/fresh.key`,
  });
  await writeFile(join(folder, "fresh.key"), freshKey, { mode: 0o600 });
  const here = join(folder, "controller.json");
  await writeFile(here, JSON.stringify(config(folder, fleetFolder("identity", "hub", "nats.seed"))));
  const tokens: Record<string, string> = {};
  // One after the other: they write the same two files.
  for (const identity of nodes) {
    await addNode(run, here, { ...identity, more: leads.includes(identity.node) ? ["--lead"] : [] });
    tokens[identity.node] = await makeToken(run, here, ["--role", "node", "--node", identity.node]);
  }
  for (const { name, nkey, role } of operators) {
    await run("controller", ["operator", "add", "--config", here, "--operator", name, "--nkey", nkey]);
    tokens[name] = await makeToken(run, here, ["--role", role, "--name", name]);
  }
  return {
    config: config(hubState, `${hubState}/nats.seed`, passes === null ? {} : passFiles),
    nats: passes?.nats ?? (await run("controller", ["nats-config", "--config", here])),
    files: [
      ...(await identityFiles("hub", hubState)),
      await stateFile(folder, "tokens.json"),
      await stateFile(folder, "nodes.json"),
      await stateFile(folder, "fresh.key"),
      ...(passes === null ? [] : await controllersPasses(passes)),
    ],
    tokens,
  };
}

async function ownFolder(): Promise<string> {
  const folder = fleetFolder("hub");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

const passFiles = { passFile: `${hubState}/controller.pass`, nodeIssuerFile: `${hubState}/node-issuer.seed` };

async function controllersPasses(passes: FleetPasses): Promise<HostFile[]> {
  const user = { name: "controller", nkey: passes.hubNkey };
  const own = await passes.passFile("controller", user, passFiles.passFile);
  return [own, await passes.nodeIssuer(passFiles.nodeIssuerFile)];
}

async function addNode(
  run: RunProgram,
  config: string,
  { node, nkey, nodeKey, more }: Identity & { more: readonly string[] },
): Promise<void> {
  const identity = ["--node", node, "--nkey", nkey, "--node-key", nodeKey, ...more];
  await run("controller", ["node", "add", "--config", config, ...identity]);
}

async function makeToken(run: RunProgram, config: string, args: readonly string[]): Promise<string> {
  return (await run("controller", ["token", "create", "--config", config, ...args])).trim();
}

async function stateFile(folder: string, name: string): Promise<HostFile> {
  return { path: `${hubState}/${name}`, text: await readFile(join(folder, name), "utf8"), mode: 0o600 };
}
