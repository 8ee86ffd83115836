// SHELL. What the fleet shall run by its documents, what its machines run, and what is said about it.
import { observedWorld, type Effective } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import type { RolloutPhase } from "@chimera/proto/rollout/rollout-record";
import { openEnvelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import { NodeStatus } from "@chimera/proto/status";
import type { FleetView, NodeView } from "@chimera/proto/api";
import { z } from "zod";
import { pointersOf } from "../../fleet/fleet-stage.ts";
import type { FleetFacts, NodeFacts, Report } from "./judge.ts";
import { wrongNodes } from "./judge.ts";
import type { SoakFleet } from "./soak-fleet.ts";

export function effectiveOf({ head, panic, rollout }: FleetView): Effective {
  return observedWorld({ head, panic, rollout, nowMs: Date.now() });
}

/** Reports are read only where the nodes are right; machines only where their words are. Throws while nobody answers. */
export async function readFleet(soak: SoakFleet): Promise<FleetFacts> {
  const view = await soak.view();
  const effective = effectiveOf(view);
  const facts = {
    effective,
    phase: phaseOf(view),
    hasWaves: view.head?.head.policy.rollout !== undefined,
    report: null,
  };
  const said = await wordsOf(soak, effective);
  if (wrongNodes({ effective, nodes: said }).length > 0) return { ...facts, nodes: said };
  const nodes = await Promise.all(said.map((node) => withPointers(soak, node)));
  const isRight = wrongNodes({ effective, nodes }).length === 0;
  return { ...facts, nodes, report: isRight ? await readReport(soak) : null };
}

/** Of the newest head's record. */
export function phaseOf({ head, rollout }: FleetView): RolloutPhase | null {
  return rollout !== null && rollout.head === head?.id ? rollout.phase : null;
}

async function wordsOf(soak: SoakFleet, effective: Effective): Promise<NodeFacts[]> {
  const leaves = effective.kind === "none" ? [] : await soak.leaves(effective.world);
  const views = await soak.nodeViews();
  return Promise.all(
    soak.nodes.map(async (host): Promise<NodeFacts> => {
      const leaf = leaves.find(({ node }) => node === host.name);
      const view = views.find(({ node }) => node === host.name);
      const status = statusIn(view, leaf);
      return {
        name: host.name,
        isOn: await host.isOn(),
        wanted: leaf?.toplevel ?? null,
        pointers: null,
        status,
      };
    }),
  );
}

function statusIn(view: NodeView | undefined, leaf: Leaf | undefined): NodeStatus | null {
  if (view?.envelope === undefined || leaf === undefined) return null;
  const role = { keys: [leaf.nodeKey], threshold: 1 };
  try {
    return openEnvelope(view.envelope, { kind: "status", role }, NodeStatus).message;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

async function withPointers({ nodes }: SoakFleet, node: NodeFacts): Promise<NodeFacts> {
  const host = nodes.find(({ name }) => name === node.name);
  if (host === undefined || !node.isOn) return node;
  return { ...node, pointers: await pointersOf(host) };
}

const StatusSaid = z.object({
  effective: z.looseObject({ kind: z.string(), world: z.string().optional() }),
  nodes: z.array(z.looseObject({ node: z.string(), verified: z.boolean(), silentMs: z.number().nullable() })),
});
const RolloutSaid = z.object({ record: z.looseObject({ phase: z.string() }).nullable() });

async function readReport({ operator }: SoakFleet): Promise<Report> {
  const status = await operator.run(["status", "--json"]);
  const rollout = await operator.run(["rollout", "status", "--json"]);
  const { effective, nodes } = parsed(status.stdout, StatusSaid) ?? {
    effective: { kind: status.stderr },
    nodes: [],
  };
  return {
    code: status.code,
    effective: { kind: effective.kind, world: effective.world ?? null },
    unverified: nodes.filter(({ verified }) => !verified).map(({ node }) => node),
    silent: nodes.filter(({ silentMs }) => silentMs !== null).map(({ node }) => node),
    rollout: { code: rollout.code, phase: parsed(rollout.stdout, RolloutSaid)?.record?.phase ?? null },
  };
}

function parsed<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
