// SHELL. The fleet on which rollouts are tried: two nodes may lead, one is the canary, three worlds take turns.
import { FleetView, NodeList } from "@chimera/proto/api";
import { World, type Leaf } from "@chimera/proto/signed/world";
import type { WorldId } from "@chimera/proto/names";
import type { z } from "zod";
import { callerOf } from "../../attacks/scene.ts";
import { operatorOf, type Operator } from "../../fleet/operator.ts";
import { openRawStore, type RawStore } from "../../fleet/raw-store.ts";
import { startFleet, type Fleet } from "../../fleet/start-fleet.ts";
import type { Host } from "../../lab/host/host.ts";
import type { Fault as SystemFault } from "../../lab/os/system-spec.ts";
import type { Report } from "../../lab/report.ts";

export const leads = ["n1", "n2"];
export const canary = "n3";
/** The last one of the last wave. */
export const lastNode = "n5";
export const lastWave = ["n4", lastNode];
/** Leads are in the middle wave: they switch while they lead. */
export const waves = "n3,2,rest";
export const labels = ["a", "b", "c"] as const;

export interface SoakFleet {
  fleet: Fleet;
  operator: Operator;
  store: RawStore;
  nodes: readonly Host[];
  /** Documents and nodes as the controller gives them to anybody. Throws while nobody answers. */
  view: () => Promise<FleetView>;
  nodeViews: () => Promise<NodeList["nodes"]>;
  leaves: (world: WorldId) => Promise<readonly Leaf[]>;
  /** chimera.toml of a world whose nodes run systems of that label, some with a fault and a label of its own. */
  projectOf: (label: string, faults?: Readonly<Record<string, SystemFault>>) => Promise<string>;
}

export async function startSoakFleet(report: Report): Promise<SoakFleet> {
  const fleet = await startFleet({ nodes: 5, leads, probationSeconds: 4, report });
  const call = await callerOf(fleet);
  const get = async <T>(path: string, schema: z.ZodType<T>) => schema.parse((await call("GET", path)).json);
  const worlds = new Map<WorldId, readonly Leaf[]>();
  return {
    fleet,
    operator: operatorOf(fleet.lab),
    store: await openRawStore(fleet.lab, fleet.facts.fleetId),
    nodes: fleet.lab.nodes,
    view: () => get("/v1/fleet", FleetView),
    nodeViews: async () => (await get("/v1/nodes?envelopes=true", NodeList)).nodes,
    async leaves(world) {
      const known = worlds.get(world) ?? (await get(`/v1/worlds/${world}`, World)).leaves;
      worlds.set(world, known);
      return known;
    },
    projectOf: projects(fleet),
  };
}

/**
 * What dies after the commit is seen by a check: of units only the probation judges. Each system of the canary declares it
 * for itself.
 */
const sees = {
  kind: "command",
  name: "work",
  argv: ["/bin/sh", "-c", "! systemctl is-failed --quiet lab-fault.service"],
  everySeconds: 1,
  failures: 2,
};
const agentConfigOf = (node: string) => (node === canary ? { checks: [sees] } : {});

function projects(fleet: Fleet): SoakFleet["projectOf"] {
  const staged = new Map<string, string>();
  let count = 0;
  return async (label, faults = {}) => {
    const isPlain = Object.keys(faults).length === 0;
    const known = isPlain ? staged.get(label) : undefined;
    if (known !== undefined) return known;
    count += 1;
    const version = fleet.versions.first;
    // A system that has failed once stays in quarantine: each trial has its own.
    const systems = fleet.lab.nodes.map(({ name }) => {
      const fault = faults[name];
      const world = fault === undefined ? { label } : { label: `${label}x${count}`, changes: { fault } };
      return [name, fleet.node(name, { version, agentConfig: agentConfigOf(name), ...world })] as const;
    });
    const name = isPlain ? label : `${label}x${count}`;
    const folder = await fleet.stageWorld(name, Object.fromEntries(systems));
    const file = `${folder}/chimera.toml`;
    if (isPlain) staged.set(label, file);
    return file;
  };
}
