/**
 * SHELL. A signed order for a command, from its nodes to whoever called: sent again until every node has answered, followed until all of it is
 * over. Nothing of it depends on this process: it may end at any line, and another one gathers the rest.
 */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import { shortDigest, type Digest, type NodeName } from "@chimera/proto/names";
import type { ExecAction } from "@chimera/proto/sessions/session-order";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Order } from "@chimera/proto/signed/order";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { collectAnswers } from "../order/send-order.ts";
import { followNews } from "./follow-news.ts";
import { createScreen, type Shown } from "./exec-screen.ts";
import { createGather, type Gather, type NodeView } from "./gather.ts";
import type { KeptText } from "./keep-text.ts";
import { outcomeRows, type OutcomeRow } from "./outcome.ts";

export interface Exec {
  observer: Pick<Observer, "api" | "context" | "keys" | "current" | "nodes">;
  order: Order;
  action: ExecAction;
  id: Digest;
  envelope: Envelope;
  nodes: readonly NodeName[];
}

export interface Ran {
  rows: OutcomeRow[];
  /** Of each session its output, as far as it is kept; only with `json`. */
  texts: ReadonlyMap<string, KeptText>;
  /** False: it goes on without whoever called. */
  isOver: boolean;
}

const lookMs = 200;
const askAgainMs = 5_000;
/** After its time and its limit: SIGKILL follows SIGTERM after 10 s, and its end has a way to go. */
const lastMs = 30_000;

export async function runExec(io: Io, exec: Exec, shown: Shown): Promise<Ran> {
  const { action, id, nodes, order, observer } = exec;
  const notAfterMs = Date.parse(order.notAfter);
  const gather = createGather({ order: id, action, nodes, notAfterMs });
  const screen = createScreen(io, exec, shown);
  const news = await followNews({
    context: observer.context,
    order: id,
    copies: action.copies,
    take: (one) => gather.news(one, io.nowMs()).forEach(screen.show),
    onLine(isUp) {
      gather.line(isUp, io.nowMs());
      screen.line(isUp);
    },
  });
  const asking = askNodes(io, exec, { gather, onAnswered: screen.answered });
  const untilMs = notAfterMs + action.timeoutSeconds * 1000 + lastMs;
  try {
    await Promise.race([asking.failed, news.refused, overOf(io, gather, untilMs)]);
  } finally {
    asking.stop();
    news.stop();
  }
  if (!io.signal.aborted) gather.finish().forEach(screen.show);
  const rows = gather.nodes().flatMap((node) => outcomeRows(node, action));
  return { rows, texts: screen.texts(), isOver: gather.isOver(io.nowMs()) };
}

/** Resolves when it is over, when nobody hears more, or when whoever called has gone. */
async function overOf(io: Io, gather: Gather, untilMs: number): Promise<void> {
  while (!gather.isOver(io.nowMs()) && io.nowMs() < untilMs && !io.signal.aborted)
    await io.sleep(lookMs).catch(() => undefined);
}

interface Asking {
  gather: Gather;
  onAnswered: (nodes: readonly NodeView[]) => void;
}

/** Whoever asks again is told what was answered first, and starts nothing. `failed` rejects for what will not become better. */
function askNodes(io: Io, exec: Exec, { gather, onAnswered }: Asking) {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let isOver = false;
  const isDue = (): boolean =>
    !isOver &&
    io.nowMs() < Date.parse(exec.order.notAfter) &&
    gather.nodes().some((node) => isOpen(node, exec.action));
  const work = async (): Promise<void> => {
    while (isDue()) {
      await collectAnswers(exec.observer, exec.envelope).then(gather.answers, (error: unknown) => {
        if (!(error instanceof ChimeraError)) throw error;
        // Its time was over on the way, or somebody has ended it: what was started is followed.
        if (error.code === "order-expired" || error.code === "order-used") isOver = true;
        else if (errorCodes[error.code].retry === "never") throw error;
      });
      onAnswered(gather.nodes());
      if (isDue()) await io.sleep(askAgainMs);
    }
  };
  work().catch((error: unknown) => {
    if (!io.signal.aborted) failed.reject(error);
  });
  return { failed: failed.promise, stop: () => (isOver = true) };
}

function isOpen({ answer }: NodeView, { atOnce }: ExecAction): boolean {
  if (answer?.kind === "silent") return atOnce === null;
  return answer === null || answer.kind === "waiting";
}

/** For whoever comes back. */
export function resumeText(id: Digest): string {
  return `chimera exec --resume ${shortDigest(id)}`;
}
