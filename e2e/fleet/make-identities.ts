// SHELL. What a lab fleet's hosts are told before their first boot: keys, tokens, the hub's registers. All of it is
// made by the programs under test, in a folder of its own on this machine.
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import type { HostFile } from "../lab/host/host-files.ts";
import { fleetFolder } from "./fleet-folder.ts";
import { hubUrl } from "./fleet-systems.ts";
import { makeHub, type HubOperator } from "./make-hub.ts";
import { identityFiles, makeIdentity, type Identity } from "./make-identity.ts";
import { openPasses, type FleetPasses } from "./passes.ts";
import { makePeople, personFiles, sharedRoles, type Person } from "./people.ts";
import type { RunProgram } from "./run-program.ts";
import { standInFiles, standInName } from "./stand-in.ts";
import { makeSeed, makeWatchers, watcherFiles, type MadeSeed, type Watcher } from "./watchers.ts";

const Made = z.object({
  fleetId: FleetId,
  folder: z.string(),
  natsFolder: z.string().nullable(),
  keySetFile: z.string(),
  cachePublicKey: z.string(),
});

export interface Identities {
  fleetId: FleetId;
  /** Key set 1, as it is pinned on every machine. */
  trustedKeys: Envelope;
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

const agentState = "/var/lib/chimera/identity";
const operatorHome = "/root/.config/chimera";

export interface IdentityWishes {
  nodes: readonly string[];
  /** Operators beside the first one: with them, heads and key sets need two of all. */
  people: readonly string[];
  leads: readonly string[];
  standIn: boolean;
  /** Machines from which somebody only watches. */
  watchers: readonly string[];
  /** Registered nodes that are no machine. */
  ghosts: readonly string[];
  /** nats-server knows its users by passes: nodes ask the controller for theirs. */
  passes: boolean;
}

export async function makeIdentities(run: RunProgram, wishes: IdentityWishes): Promise<Identities> {
  const { nodes, people, leads, standIn, watchers } = wishes;
  const operator = await operatorFolder();
  const others = await makePeople(run, people);
  const made = await initFleet(run, operator, { others, passes: wishes.passes });
  const ofHub = await makeIdentity(run, "hub");
  const identities = await Promise.all(nodes.map((node) => makeIdentity(run, node)));
  const passes = made.natsFolder === null ? null : await openPasses(run, made.natsFolder, ofHub.nkey);
  const trustedKeys = Envelope.parse(JSON.parse(await readFile(made.keySetFile, "utf8")));
  const extra = standIn ? [await makeIdentity(run, standInName)] : [];
  const { fleetId } = made;
  const own = await makeSeed(run, operator);
  const eyes = await makeWatchers(run, watchers);
  const hub = await makeHub(run, {
    operators: operatorsOf(own, eyes),
    fleetId,
    trustedKeys,
    freshKey: await readFile(join(made.folder, "fresh.key"), "utf8"),
    nodes: [...identities, ...extra, ...(await makeGhosts(run, wishes.ghosts))],
    passes,
    leads: [...leads, ...extra.map(({ node }) => node)],
  });
  const tokenOf = (name: string): string => hub.tokens[name] ?? "";
  const facts = { fleetId, controller: hubUrl, token: tokenOf("ws") };
  const homes = await Promise.all(others.map((person) => personFiles(person, facts)));
  const token = tokenOf(standInName);
  const files: Record<string, HostFile[]> = {
    hub: [...hub.files, ...(standIn ? await standInFiles({ fleetId, trustedKeys, token }) : [])],
    ws: [...(await operatorFiles(made.folder, facts.token, { ...own, passes })), ...homes.flat()],
  };
  for (const node of nodes) files[node] = await nodeFiles(node, tokenOf(node));
  for (const eye of eyes) files[eye.name] = await watcherFiles(eye, { ...facts, token: tokenOf(eye.name) });
  const nodeKeys = Object.fromEntries(identities.map(({ node, nodeKey }) => [node, nodeKey]));
  const { config: controller, nats } = hub;
  return { fleetId, trustedKeys, cacheKey: made.cachePublicKey, nodeKeys, controller, nats, files };
}

/** One after the other: they may be a hundred. */
async function makeGhosts(run: RunProgram, names: readonly string[]): Promise<Identity[]> {
  const made: Identity[] = [];
  for (const name of names) made.push(await makeIdentity(run, name));
  return made;
}

/** Who made the fleet, and those who only watch. */
function operatorsOf(own: MadeSeed, eyes: readonly Watcher[]): HubOperator[] {
  return [
    { name: "ws", nkey: own.nkey, role: "operator" },
    ...eyes.map(({ name, nkey }): HubOperator => ({ name, nkey, role: "viewer" })),
  ];
}

async function ownersFiles(passes: FleetPasses, nkey: string): Promise<HostFile[]> {
  const pass = await passes.passFile("operator", { name: "ws", nkey }, `${operatorHome}/nats.pass`);
  return [pass, ...(await passes.ownersFiles(`${operatorHome}/keys/lab/nats`))];
}

async function operatorFolder(): Promise<string> {
  const folder = fleetFolder("operator");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function nodeFiles(node: string, token: string): Promise<HostFile[]> {
  const ofToken = { path: `${agentState}/token`, text: `${token}\n`, mode: 0o600 };
  return [...(await identityFiles(node, agentState)), ofToken];
}

/** Key set 1 is the fleet's beginning: where two are root, the second signs it before anybody uses it. */
async function initFleet(
  run: RunProgram,
  operator: string,
  { others, passes }: { others: readonly Person[]; passes: boolean },
): Promise<z.infer<typeof Made>> {
  const env = { XDG_CONFIG_HOME: operator, HOME: operator };
  const nats = ["--nats", passes ? "passes" : "list"];
  const args = ["init", "--name", "lab", "--controller", hubUrl, ...sharedRoles(others), ...nats, "--json"];
  const made = Made.parse(JSON.parse(await run("chimera", args, env)));
  const [second] = others;
  if (second !== undefined) {
    const rootKey = join(second.folder, `${second.name}-root.key`);
    await run("chimera", ["sign", made.keySetFile, "--root-key", rootKey, "--yes"], {
      XDG_CONFIG_HOME: second.folder,
      HOME: second.folder,
    });
  }
  return made;
}

/** The operator's context, keys and key set, with the names they have on ws. The online key is the hub's alone. */
async function operatorFiles(
  keyFolder: string,
  token: string,
  { seedFile, nkey, passes }: MadeSeed & { passes: FleetPasses | null },
): Promise<HostFile[]> {
  const context = await readFile(fleetFolder("operator", "chimera", "config.toml"), "utf8");
  const names = (await readdir(keyFolder)).filter((name) => !["fresh.key", "nats"].includes(name));
  const keys = names.map(async (name) => ({
    path: `${operatorHome}/keys/lab/${name}`,
    text: await readFile(join(keyFolder, name), "utf8"),
    mode: name.endsWith(".key") ? 0o600 : 0o644,
  }));
  // Names in the context are relative to it on ws: one line more tells where the token is.
  const moved = context.replaceAll(fleetFolder("operator", "chimera"), operatorHome);
  return [
    {
      path: `${operatorHome}/config.toml`,
      text: withToken(moved, `${operatorHome}/token`, passes !== null),
      mode: 0o600,
    },
    { path: `${operatorHome}/token`, text: `${token}\n`, mode: 0o600 },
    { path: `${operatorHome}/nats.seed`, text: await readFile(seedFile, "utf8"), mode: 0o600 },
    ...(await Promise.all(keys)),
    ...(passes === null ? [] : await ownersFiles(passes, nkey)),
  ];
}

function withToken(context: string, path: string, byPasses: boolean): string {
  const more = [
    `tokenFile = ${JSON.stringify(path)}`,
    'natsServers = ["nats://hub:4222"]',
    `natsSeedFile = "${operatorHome}/nats.seed"`,
    ...(byPasses ? [`natsPassFile = "${operatorHome}/nats.pass"`] : []),
  ];
  return context.replace(/^(controller = .*)$/m, `$1\n${more.join("\n")}`);
}
