/** SHELL. How far each node is, by what it signed, asked through ssh: all at once, and one that does not answer delays no other. */
import type { NodeView } from "@chimera/proto/api";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName } from "@chimera/proto/names";
import pLimit from "p-limit";
import { checkView, type NodeKeyOf } from "../../fleet/check-view.ts";
import { askReport } from "../transport/remote-agent.ts";
import type { Ssh } from "../transport/ssh-client.ts";

export type Surveyed =
  | { kind: "report"; node: NodeName; report: NodeReport }
  | { kind: "failed"; node: NodeName; error: ChimeraError };

const atOnce = 32;
const atOnceInHurry = 128;

/** Rejects only for a bug, or when this command is ended. Who has not answered when `patienceMs` are over has failed. */
export async function surveyNodes(
  ssh: Ssh,
  nodes: readonly NodeName[],
  patienceMs?: number,
): Promise<Surveyed[]> {
  const limit = pLimit(patienceMs === undefined ? atOnce : atOnceInHurry);
  const signal = patienceMs === undefined ? undefined : AbortSignal.timeout(patienceMs);
  return Promise.all(nodes.map((node) => limit(() => survey(ssh, node, signal))));
}

async function survey(ssh: Ssh, node: NodeName, signal: AbortSignal | undefined): Promise<Surveyed> {
  try {
    const { report } = await askReport(ssh, node, { signal });
    if (report !== undefined) return { kind: "report", node, report };
    const error = new ChimeraError("tool-failed", `${node}: its agent is older than \`--over ssh\``);
    return { kind: "failed", node, error };
  } catch (error) {
    if (error instanceof ChimeraError) return { kind: "failed", node, error };
    throw error;
  }
}

/** A report in the form in which a controller would show the node; `verified` as found by the node's key. */
export function viewOf(
  { node, report }: { node: NodeName; report: NodeReport | null },
  { fleetId, keyOf }: { fleetId: FleetId; keyOf: NodeKeyOf },
): NodeView {
  const view: NodeView = {
    node,
    nodeKey: keyOf(node),
    status: null,
    verified: false,
    beat: null,
    health: null,
    hardware: null,
    build: null,
    ...(report === null ? {} : { envelope: report.status }),
  };
  return checkView(view, fleetId, keyOf);
}
