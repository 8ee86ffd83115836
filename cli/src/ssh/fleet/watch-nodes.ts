/**
 * SHELL. Attached to the nodes: each says over its own connection, at each change, how far it is. A connection that is lost is
 * made anew; what the nodes do does not depend on it. Of many nodes only some are attached at once, and take turns.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { NodeView } from "@chimera/proto/api";
import type { NodeReport } from "@chimera/proto/delivery";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, NodeName } from "@chimera/proto/names";
import pLimit from "p-limit";
import type { NodeKeyOf } from "../../fleet/check-view.ts";
import type { Io } from "../../io.ts";
import { watchReports } from "../transport/remote-agent.ts";
import type { Ssh } from "../transport/ssh-client.ts";
import { viewOf } from "./survey-nodes.ts";

export interface Watched {
  /** The newest word of each, checked when it came; in the form in which a controller would show it. */
  views: () => NodeView[];
  /** Of those that have said something since the last call. */
  news: () => NodeView[];
  reports: ReadonlyMap<NodeName, NodeReport>;
  /** From now on, too; what it said already counts. */
  watch: (node: NodeName, report: NodeReport | null) => void;
  /** The others are watched no longer. */
  keep: (nodes: ReadonlySet<NodeName>) => void;
  stop: () => Promise<void>;
}

export interface Watch {
  nodes: readonly NodeName[];
  serial: number;
  fleetId: FleetId;
  keyOf: NodeKeyOf;
  /** Known already, as from the delivery. */
  reports: ReadonlyMap<NodeName, NodeReport>;
  /** Told before its view is to be had. */
  onReport?: (node: NodeName, report: NodeReport) => void;
}

const againMs = 1_000;
/** Each is a process here. */
const attachedAtOnce = 64;
/** While others wait, one that says nothing is heard no longer. */
const turnMs = 5_000;

export function watchNodes(io: Io, ssh: Ssh, watch: Watch): Watched {
  const { fleetId, keyOf, nodes, reports: first, serial } = watch;
  const reports = new Map<NodeName, NodeReport>();
  const views = new Map<NodeName, NodeView>();
  const fresh = new Set<NodeName>();
  const take = (node: NodeName, report: NodeReport | null): void => {
    if (report !== null) {
      watch.onReport?.(node, report);
      reports.set(node, report);
      fresh.add(node);
    }
    views.set(node, viewOf({ node, report }, { fleetId, keyOf }));
  };
  const watchers = createWatchers(io, ssh, { serial, take });
  const add: Watched["watch"] = (node, report) => {
    take(node, report);
    watchers.add(node);
  };
  for (const node of nodes) add(node, first.get(node) ?? null);
  return {
    views: () => [...views.values()],
    news() {
      const said = [...fresh].flatMap((node) => views.get(node) ?? []);
      fresh.clear();
      return said;
    },
    reports,
    watch: add,
    keep: (kept) => watchers.keep(kept),
    stop: () => watchers.stop(),
  };
}

interface Watching {
  serial: number;
  take: (node: NodeName, report: NodeReport) => void;
}

/** One for each node, until it is not kept or all end. */
function createWatchers(io: Io, ssh: Ssh, watching: Watching) {
  const stop = new AbortController();
  const ended = AbortSignal.any([stop.signal, io.signal]);
  const limit = pLimit(attachedAtOnce);
  const open = new Map<NodeName, AbortController>();
  const all: Promise<void>[] = [];
  const isCrowded = (): boolean => limit.pendingCount > 0;
  const watch = async (node: NodeName, { signal: own }: AbortController): Promise<void> => {
    const signal = AbortSignal.any([ended, own]);
    while (!signal.aborted) {
      await limit(() => attach(ssh, { ...watching, node, signal, isCrowded }));
      await delay(againMs, undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    add(node: NodeName) {
      if (open.has(node)) return;
      const own = new AbortController();
      open.set(node, own);
      all.push(watch(node, own));
    },
    keep(nodes: ReadonlySet<NodeName>) {
      for (const [node, own] of open) if (!nodes.has(node)) own.abort();
    },
    async stop() {
      stop.abort();
      await Promise.all(all);
    },
  };
}

interface Attaching extends Watching {
  node: NodeName;
  signal: AbortSignal;
  /** Others wait for a turn. */
  isCrowded: () => boolean;
}

/** Until the connection ends, or, where others wait, it has said one thing. */
async function attach(ssh: Ssh, { node, serial, signal, take, isCrowded }: Attaching): Promise<void> {
  if (signal.aborted) return;
  const turn = new AbortController();
  const timer = setInterval(() => {
    if (isCrowded()) turn.abort();
  }, turnMs);
  const until = AbortSignal.any([signal, turn.signal]);
  await watchReports(ssh, { node, serial, signal: until }, (answer) => {
    if (answer.ok && answer.report !== undefined) take(node, answer.report);
    if (isCrowded()) turn.abort();
  })
    .catch(ignoreKnown)
    .finally(() => clearInterval(timer));
}

/** Tried again; that the node stays silent is what is seen. */
function ignoreKnown(error: unknown): void {
  if (!(error instanceof ChimeraError)) throw error;
}
