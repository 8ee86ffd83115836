/** SHELL. Tells the controller how far each node's closure is. It is news, not state: one that is lost stops nothing. */
import type { BuildStatus } from "@chimera/proto/build-status";
import { errorChain } from "@chimera/proto/errors";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { ApiClient } from "../api/api-client.ts";
import type { Io } from "../io.ts";
import { printable, printableLine } from "../print/printable.ts";

const quietMs = 500;
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
  /** Waits until everything told has been sent. */
  settled(): Promise<void>;
}

/** `api` undefined: nothing is sent (--dry-run). */
export function createBuildReporter(io: Io, api: ApiClient | undefined, json: boolean): BuildReporter {
  const lastSent = new Map<NodeName, number>();
  let queue = Promise.resolve();
  let warned = false;
  const warn = (error: unknown): void => {
    if (!warned) io.err(`chimera: build status not sent: ${printable(errorChain(error))}\n`);
    warned = true;
  };
  return {
    tell(nodes, news) {
      for (const node of nodes) {
        const nowMs = io.nowMs();
        const tooSoon = nowMs - (lastSent.get(node) ?? 0) < quietMs;
        if (news.state === "building" && tooSoon) continue;
        if (news.state === "building") lastSent.set(node, nowMs);
        if (!json) io.err(`${node}: ${describe(news)}\n`);
        const at = new Date(nowMs).toISOString();
        const error = news.error?.slice(0, maxErrorChars);
        const status: BuildStatus = { v: 1, node, at, ...news, ...(error === undefined ? {} : { error }) };
        if (api !== undefined) queue = queue.then(() => api.putBuild(status)).catch(warn);
      }
    },
    settled: () => queue,
  };
}

function describe({ state, done, total, error }: BuildNews): string {
  const count = total === undefined || total === 0 ? "" : ` ${done ?? 0}/${total}`;
  const why = error === undefined ? "" : `: ${printableLine(error.split("\n")[0] ?? "")}`;
  return `${state}${count}${why}`;
}
