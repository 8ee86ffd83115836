// SHELL. The nodes of a soak: every system of scenarios.ts lies on each and is rooted, so that an order needs no download.
// What a node is then is kept aside, and given back to it when a trial leaves it in another state.
import { ChimeraError } from "@chimera/proto/errors";
import { deployWorld } from "../../fleet/fleet-stage.ts";
import { operatorOf } from "../../fleet/operator.ts";
import { startFleet, type Fleet } from "../../fleet/start-fleet.ts";
import type { Host } from "../../lab/host/host.ts";
import { installable } from "../../lab/os/build-systems.ts";
import { SystemIndex } from "../../lab/os/system-spec.ts";
import type { Report } from "../../lab/report.ts";
import { makeAlien } from "./make-alien.ts";
import { keepNode } from "./node-snapshot.ts";
import {
  fetchedSystem,
  systemNames,
  vmSystemNames,
  worldOf,
  type Machine,
  type SystemName,
} from "./systems.ts";

export interface SoakNode {
  host: Host;
  machine: Machine;
  /** Its store path on this node. */
  toplevelOf: (name: SystemName) => string;
  /** Back to `a`, as it was when it was last kept. */
  reset: () => Promise<void>;
  /** Keeps it as it is now. */
  renew: () => Promise<void>;
  /** A head for the whole fleet: this node on that system, all others on `a`. */
  deploy: (name: SystemName) => Promise<void>;
}

export interface SoakNodes {
  count: number;
  machine: Machine;
  report: Report;
}

type Index = ReadonlyMap<SystemName, string>;

export async function startSoakNodes({ count, machine, report }: SoakNodes): Promise<SoakNode[]> {
  const kinds = machine === "vm" ? { nodes: 0, vms: count } : { nodes: count };
  const fleet = await startFleet({ ...kinds, probationSeconds: 1, report });
  const first = worldOf("a", machine);
  const { code, stderr } = await deployWorld(fleet, first.label, first);
  if (code !== 0) throw new ChimeraError("rollout-failed", `deploy before the trials: ${stderr}`);
  report("system a is committed on every node");
  const names = machine === "vm" ? vmSystemNames : systemNames;
  const built = await buildOnWs(fleet, { names, machine });
  report(`built ${names.length} systems for each of ${count} nodes on ws`);
  const nodes: SoakNode[] = [];
  for (const host of fleet.lab.nodes) {
    const ofNode = new Map(names.map((name) => [name, required(built, keyOf(host.name, name))]));
    nodes.push(await makeNode({ fleet, host, machine, index: await copySystems(fleet, host, ofNode) }));
    report(`${host.name} holds all systems`);
  }
  return nodes;
}

interface Made {
  fleet: Fleet;
  host: Host;
  machine: Machine;
  index: Index;
}

async function makeNode({ fleet, host, machine, index }: Made): Promise<SoakNode> {
  let restore = await keepNode(host, machine);
  return {
    host,
    machine,
    toplevelOf: (name) => toplevelIn(index, name),
    reset: () => restore(),
    renew: async () => {
      restore = await keepNode(host, machine);
    },
    deploy: (name) =>
      deployTo(fleet, {
        node: host.name,
        world: worldOf(name, machine),
        others: worldOf("a", machine),
      }),
  };
}

interface Deployment {
  node: string;
  world: ReturnType<typeof worldOf>;
  others: ReturnType<typeof worldOf>;
}

async function deployTo(fleet: Fleet, { node, world, others }: Deployment): Promise<void> {
  const version = fleet.versions.first;
  const specs = fleet.lab.nodes.map(
    ({ name }) => [name, fleet.node(name, { ...(name === node ? world : others), version })] as const,
  );
  const folder = await fleet.stageWorld("soak-fleet", Object.fromEntries(specs));
  await operatorOf(fleet.lab).ok(["deploy", "--file", `${folder}/chimera.toml`, "--no-follow"]);
}

interface Wanted {
  names: readonly SystemName[];
  machine: Machine;
}

async function buildOnWs(fleet: Fleet, { names, machine }: Wanted): Promise<SystemIndex> {
  const version = fleet.versions.first;
  const specs = fleet.lab.nodes.flatMap(({ name: node }) =>
    names.map((name) => {
      const spec = fleet.node(node, { ...worldOf(name, machine), version });
      return [keyOf(node, name), { ...spec, host: node }] as const;
    }),
  );
  const read = await fleet.stageWorld("soak", Object.fromEntries(specs));
  const what = installable({ read, write: read }, "index");
  const build = ["nix", "build", "--no-link", "--print-out-paths", ...what];
  const ws = fleet.lab.host("ws");
  const index = (await ws.runChecked(build, { timeoutMs: 600_000 })).trim();
  return SystemIndex.parse(JSON.parse(await ws.runChecked(["cat", index])));
}

function keyOf(node: string, name: SystemName): string {
  return `${node}-${name}`;
}

async function copySystems(fleet: Fleet, host: Host, built: Index): Promise<Index> {
  const copied = [...built].filter(([name]) => name !== fetchedSystem).map(([, path]) => path);
  const copy = ["nix", "copy", "--no-check-sigs", "--to", `ssh://root@${host.name}`, ...copied];
  await fleet.lab.host("ws").runChecked(copy, { timeoutMs: 900_000 });
  const plain = built.get("alien");
  const index = new Map(built);
  if (plain !== undefined) index.set("alien", await makeAlien(host, plain));
  const alien = index.get("alien");
  const roots = new Set(alien === undefined ? copied : [...copied, alien]);
  await host.runChecked(["ln", "-sfn", "-t", "/nix/var/nix/gcroots", ...roots]);
  return index;
}

function toplevelIn(index: Index, name: SystemName): string {
  const path = index.get(name);
  if (path === undefined) throw new ChimeraError("not-found", `this node has no system ${name}`);
  return path;
}

function required(index: SystemIndex, key: string): string {
  const path = index[key];
  if (path === undefined) throw new ChimeraError("not-found", `${key} was not built`);
  return path;
}
