/** SHELL. Tells the controller how far each node's closure is. It is news, not state: one that is lost stops nothing. */
import { setTimeout as delay } from "node:timers/promises";
import type { BuildStatus } from "@chimera/proto/build-status";
import { errorChain } from "@chimera/proto/errors";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { ApiClient } from "../../api/api-client.ts";
import type { Io } from "../../io.ts";
import { printable, printableJson, printableLine } from "../../print/printable.ts";

const quietMs = 500;
const requestsAtOnce = 8;
/** A deployment that is done does not wait longer for its news. */
const patienceMs = 5000;
const maxErrorChars = 4000;

interface BuildNews {
  state: BuildStatus["state"];
  done?: number;
  total?: number;
  toplevel?: StorePath;
  error?: string;
}

export interface BuildReporter {
  tell(nodes: readonly NodeName[], news: BuildNews): void;
  /** Does the work; what it leaves in the middle, by an error or Ctrl-C, is told as failed. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

/** `api` undefined: nothing is sent (--dry-run). */
export function createBuildReporter(io: Io, api: ApiClient | undefined, json: boolean): BuildReporter {
  const sender = createSender(io, api);
  const last = new Map<NodeName, { state: BuildStatus["state"]; atMs: number }>();
  const tell: BuildReporter["tell"] = (nodes, news) => {
    for (const node of nodes) {
      const atMs = performance.now();
      const before = last.get(node);
      const again = before?.state === "building" && news.state === "building";
      if (again && atMs - before.atMs < quietMs) continue;
      last.set(node, { state: news.state, atMs });
      const error = news.error?.slice(0, maxErrorChars);
      const at = new Date(io.nowMs()).toISOString();
      const status: BuildStatus = { v: 1, node, at, ...news, ...(error === undefined ? {} : { error }) };
      if (json) io.out(`${printableJson({ type: "build", ...status })}\n`);
      else io.err(`${node}: ${describe(news)}\n`);
      sender.send(status);
    }
  };
  return {
    tell,
    async during(work) {
      try {
        return await work();
      } catch (error) {
        const open = [...last].filter(([, { state }]) => /^(?:evaluating|building|pushing)$/u.test(state));
        const reason = io.signal.aborted ? "interrupted" : errorChain(error);
        tell(
          open.map(([node]) => node),
          { state: "failed", error: reason },
        );
        throw error;
      } finally {
        await sender.settled();
      }
    },
  };
}

/** Only a node's newest status is worth sending; a slow controller delays no build and fills no memory. */
function createSender(io: Io, api: ApiClient | undefined) {
  const waiting = new Map<NodeName, BuildStatus>();
  const running = new Map<NodeName, Promise<void>>();
  let warned = false;
  const warn = (error: unknown): void => {
    if (!warned) io.err(`chimera: build status not sent: ${printable(errorChain(error))}\n`);
    warned = true;
  };
  const deliver = async (target: ApiClient, status: BuildStatus): Promise<void> => {
    await target.putBuild(status).catch(warn);
    running.delete(status.node);
    next();
  };
  const next = (): void => {
    if (api === undefined) return;
    for (const [node, status] of waiting) {
      if (running.size >= requestsAtOnce) return;
      if (running.has(node)) continue;
      waiting.delete(node);
      running.set(node, deliver(api, status));
    }
  };
  const empty = async (): Promise<void> => {
    while (running.size > 0) await Promise.race(running.values());
  };
  return {
    send(status: BuildStatus): void {
      if (api !== undefined) waiting.set(status.node, status);
      next();
    },
    async settled(): Promise<void> {
      const stop = new AbortController();
      const patience = delay(patienceMs, undefined, { signal: stop.signal }).catch(() => undefined);
      await Promise.race([empty(), patience]);
      stop.abort();
      waiting.clear();
    },
  };
}

function describe({ state, done, total, error }: BuildNews): string {
  const count = total === undefined || total === 0 ? "" : ` ${done ?? 0}/${total}`;
  const why = error === undefined ? "" : `: ${printableLine(error.split("\n")[0] ?? "")}`;
  return `${state}${count}${why}`;
}
