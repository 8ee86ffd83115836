// SHELL. A whole lab fleet: hub with NATS and controller, nodes with their first system, the operator's machine.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "../../tools/bundle.ts";
import { hostAddresses, usualHosts, type HostSpec } from "../lab/host/host-spec.ts";
import { clearTheWay, up, type Lab } from "../lab/lab.ts";
import { freeSubnet, machineAddress } from "../lab/kernel/network.ts";
import { addNode, buildSystems, stageSources, writeSystems } from "../lab/os/build-systems.ts";
import type { BuildOptions } from "../lab/os/build-systems.ts";
import type { Boot, SystemSpec } from "../lab/os/system-spec.ts";
import { prepare } from "../lab/prepare/prepare.ts";
import { silent, type Report } from "../lab/report.ts";
import { toolRoot } from "../lab/tools/tool-root.ts";
import { addVmKernel } from "../lab/vm/add-vm-kernel.ts";
import { ensureVmBase } from "../lab/vm/vm-base.ts";
import type { VmOptions } from "../lab/vm/vm-spec.ts";
import { fleetFolder, seedFolder } from "./fleet-folder.ts";
import {
  hubSystem,
  hubUrl,
  nodeSystem,
  workstationSystem,
  type FleetFacts,
  type NodeWorld,
} from "./fleet-systems.ts";
import { fleetVersions, type FleetVersions } from "./fleet-versions.ts";
import { makeIdentities, type Identities } from "./make-identities.ts";
import { projectFile } from "./project-file.ts";
import { programIn } from "./run-program.ts";

export interface Fleet {
  lab: Lab;
  facts: FleetFacts;
  versions: FleetVersions;
  /** Node -> system it was installed with. */
  firstSystems: Record<string, string>;
  /**
   * Writes a world's sources and chimera.toml where ws sees them, and answers that folder on ws:
   * `chimera deploy` there builds it with real Nix.
   */
  stageWorld(name: string, systems: Record<string, SystemSpec>): Promise<string>;
  node(name: string, world: NodeWorld): SystemSpec;
}

export interface FleetOptions {
  nodes: number;
  /** Further nodes v1 … that are VMs with a real boot loader; how each is made where it is not the usual. */
  vms?: number | readonly VmOptions[];
  /** Boot counting: how often the VMs' loader tries a new system. */
  tries?: number;
  /** How long a node must stay healthy before it commits. */
  probationSeconds?: number;
  /** `refuse` leaves a lab that is up as it is and is an error; `replace` (the default) takes it down first. */
  whenUp?: "replace" | "refuse";
  /** Nodes reach the controller through this port of this machine: the caller listens there. */
  throughPort?: number;
  /** Operators beside the first: heads and key sets then need two of all. */
  people?: readonly string[];
  /** Nodes from which rollouts may be led. */
  leads?: readonly string[];
  /** What a machine that is no node needs on the hub to lead where no node does (`stand-in.ts`). */
  standIn?: boolean;
  /** Further machines, with a CLI, from which somebody only watches. */
  watchers?: readonly string[];
  /** Further nodes that are registered, and that no machine is: whoever has their keys speaks for them. */
  ghosts?: readonly string[];
  /** nats-server knows its users by passes; watchers and a machine that stands in are given none. */
  passes?: boolean;
  report?: Report;
}

type Store = Omit<BuildOptions, "hosts">;

const worldsOnWs = "/srv/worlds";

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { nodes, report = silent, whenUp = "replace" } = options;
  await prepare(report);
  await clearTheWay(whenUp, report);
  await rm(fleetFolder(), { recursive: true, force: true });
  const versions = await fleetVersions();
  await mkdir(fleetFolder("worlds"), { recursive: true, mode: 0o700 });
  for (const one of Object.values(versions)) await bundle({ outdir: fleetFolder("dist", one), version: one });
  report("bundled agent, controller and cli");
  const hosts = [...usualHosts(nodes, options.vms), ...watchersOf(options)];
  const subnet = await freeSubnet();
  const names = hosts.filter(({ kind }) => kind === "node").map(({ name }) => name);
  const identities = await makeIdentities(programIn(fleetFolder("dist", versions.first)), {
    nodes: names,
    people: options.people ?? [],
    leads: options.leads ?? [],
    standIn: options.standIn ?? false,
    watchers: options.watchers ?? [],
    ghosts: options.ghosts ?? [],
    passes: options.passes ?? false,
  });
  report(`made keys, identities and tokens for ${names.length} nodes`);
  const store = await openSeed(versions);
  const boots = await bootsOf(hosts, store, options);
  const facts = { ...factsOf(options, subnet, identities), addresses: hostAddresses(hosts, subnet), boots };
  const first = firstSpecs(facts, { hosts, version: versions.first, identities });
  const systems = await buildSystems({ ...store, hosts: first });
  report(`built ${Object.keys(systems).length} first systems with real Nix`);
  const lab = await up({ hosts: hosts.map((host) => withSystem(host, systems, identities)), subnet, report });
  return {
    lab,
    facts,
    versions,
    firstSystems: systems,
    node: (name, world) => nodeSystem(facts, name, world),
    stageWorld: (name, specs) =>
      stageWorld(name, { specs, nodePath: store.node, versions, nodeKeys: identities.nodeKeys, facts }),
  };
}

function watchersOf({ watchers = [] }: FleetOptions): HostSpec[] {
  return watchers.map((name) => ({ name, kind: "ws" }));
}

function factsOf(
  { throughPort, probationSeconds = 2, leads = [], passes = false }: FleetOptions,
  subnet: string,
  from: Identities,
) {
  return {
    fleetId: from.fleetId,
    trustedKeys: from.trustedKeys,
    cacheKey: from.cacheKey,
    probationSeconds,
    leads,
    passes,
    controllerUrl: throughPort === undefined ? hubUrl : `http://${machineAddress(subnet)}:${throughPort}`,
  };
}

function firstSpecs(
  facts: FleetFacts,
  { hosts, version, identities }: { hosts: readonly HostSpec[]; version: string; identities: Identities },
): Record<string, SystemSpec> {
  const system = ({ kind, name }: HostSpec): SystemSpec => {
    switch (kind) {
      case "node":
        return nodeSystem(facts, name, { label: "first", version });
      case "hub":
        return hubSystem(facts, { version, controller: identities.controller, nats: identities.nats });
      case "ws":
        return workstationSystem(facts, name, version);
    }
  };
  return Object.fromEntries(hosts.map((host) => [host.name, system(host)]));
}

/** The tool root's own store, which then lies under every host's root as a layer. */
async function openSeed(versions: FleetVersions): Promise<Store> {
  const tools = toolRoot({ nixDir: join(seedFolder(), "nix") });
  const write = fleetFolder("stage");
  const stage = { write, read: "/srv/stage" };
  const run = (argv: readonly string[]) =>
    tools.runChecked(argv, { binds: [{ from: write, to: "/srv/stage" }] });
  await mkdir(write, { recursive: true });
  await stageSources({ stage, dists: distFolders(versions) });
  return { stage, run, node: await addNode({ stage, run, binary: process.execPath }) };
}

async function bootsOf(
  hosts: readonly HostSpec[],
  store: Store,
  { tries, report = silent }: FleetOptions,
): Promise<Record<string, Boot>> {
  const vms = hosts.filter(({ vm }) => vm !== undefined);
  if (vms.length === 0) return {};
  const kernel = await addVmKernel(await ensureVmBase(report), store);
  const boot = tries === undefined ? kernel : { ...kernel, tries };
  return Object.fromEntries(vms.map(({ name }) => [name, boot]));
}

function withSystem(host: HostSpec, systems: Record<string, string>, { files }: Identities): HostSpec {
  const toplevel = systems[host.name];
  return {
    ...host,
    seed: seedFolder(),
    ...(toplevel === undefined ? {} : { toplevel }),
    files: files[host.name] ?? [],
    binds: host.kind === "ws" ? [{ from: fleetFolder("worlds"), to: worldsOnWs }] : [],
  };
}

interface WorldInput {
  specs: Record<string, SystemSpec>;
  nodePath: string;
  versions: FleetVersions;
  nodeKeys: Record<string, string>;
  facts: FleetFacts;
}

async function stageWorld(
  name: string,
  { specs, nodePath, versions, nodeKeys, facts }: WorldInput,
): Promise<string> {
  const stage = { write: fleetFolder("worlds", name), read: `${worldsOnWs}/${name}` };
  await mkdir(stage.write, { recursive: true });
  await stageSources({ stage, dists: distFolders(versions) });
  await writeSystems({ stage, node: nodePath, hosts: specs });
  const substituters = [`${facts.controllerUrl}/cache`];
  await projectFile(stage, { nodes: Object.keys(specs), nodeKeys, substituters });
  return stage.read;
}

function distFolders(versions: FleetVersions): Record<string, string> {
  return Object.fromEntries(Object.values(versions).map((one) => [one, fleetFolder("dist", one)]));
}
