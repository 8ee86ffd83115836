/**
 * SHELL. Attached to the nodes: each says over its own connection, at each change, how far it is. A connection that is lost is
 * made anew; what the nodes do does not depend on it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeView } from "@chimera/proto/api";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName } from "@chimera/proto/names";
import type { NodeKeyOf } from "../fleet/check-view.ts";
import type { Io } from "../io.ts";
import { watchReports } from "./remote-agent.ts";
import type { Ssh } from "./ssh-client.ts";
import { viewOf } from "./survey-nodes.ts";

export interface Watched {
  /** The newest word of each; in the form in which a controller would show it. */
  views: () => NodeView[];
  reports: ReadonlyMap<NodeName, NodeReport>;
  stop: () => Promise<void>;
}

export interface Watch {
  nodes: readonly NodeName[];
  serial: number;
  fleetId: FleetId;
  keyOf: NodeKeyOf;
  /** Known already, as from the delivery. */
  reports: ReadonlyMap<NodeName, NodeReport>;
}

const againMs = 1_000;

export function watchNodes(
  io: Io,
  ssh: Ssh,
  { nodes, serial, fleetId, keyOf, reports: first }: Watch,
): Watched {
  const reports = new Map(first);
  const stop = new AbortController();
  const { signal } = stop;
  const ended = AbortSignal.any([signal, io.signal]);
  const watch = async (node: NodeName): Promise<void> => {
    while (!ended.aborted) {
      await watchReports(ssh, { node, serial, signal }, (answer) => {
        if (answer.ok && answer.report !== undefined) reports.set(node, answer.report);
      }).catch(ignoreKnown);
      await delay(againMs, undefined, { signal: ended }).catch(() => undefined);
    }
  };
  const all = Promise.all(nodes.map(watch));
  return {
    views: () => nodes.map((node) => viewOf({ node, report: reports.get(node) ?? null }, { fleetId, keyOf })),
    reports,
    async stop() {
      stop.abort();
      await all;
    },
  };
}

/** Tried again; that the node stays silent is what is seen. */
function ignoreKnown(error: unknown): void {
  if (!(error instanceof ChimeraError)) throw error;
}
