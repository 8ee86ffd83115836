/**
 * PURE. What becomes of a command on many nodes: every session's output in one piece, each node's own answer, and when there is nothing more
 * to wait for. News may come again, as after a line broke: what was shown is not shown twice.
 */
import { shortDigest, type Digest, type NodeName } from "@chimera/proto/names";
import type { OrderNews } from "@chimera/proto/sessions/order-news";
import { decodeFrame } from "@chimera/proto/sessions/session-frame";
import { execSessions, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { SessionFacts, StreamId } from "@chimera/proto/sessions/session";
import type { NodeAnswer } from "../order/judge-answers.ts";

export interface SessionView {
  node: NodeName;
  name: string;
  facts: SessionFacts | null;
  stream: StreamId | null;
  /** Everything of its output before that position was shown. */
  shownTo: number;
  /** When its end was heard, in Unix milliseconds; null while it runs. */
  endHeardMs: number | null;
}

export type Output =
  | { kind: "bytes"; session: SessionView; bytes: Uint8Array }
  /** So many bytes of it are kept nowhere. */
  | { kind: "gap"; session: SessionView; bytes: number }
  | { kind: "over"; session: SessionView };

export interface NodeView {
  node: NodeName;
  /** Null while nothing was heard. */
  answer: NodeAnswer | null;
  /** One for each copy that is known to have begun. */
  sessions: SessionView[];
}

export interface Gather {
  news: (news: OrderNews, nowMs: number) => Output[];
  answers: (answers: readonly NodeAnswer[]) => void;
  nodes: () => NodeView[];
  /** Whether there is nothing more to wait for. */
  isOver: (nowMs: number) => boolean;
}

export interface GatherOptions {
  order: Digest;
  action: Pick<ExecAction, "copies" | "output" | "atOnce">;
  nodes: readonly NodeName[];
  /** From then on no node begins. */
  notAfterMs: number;
}

/** What is on its way when an order's time is over, or a session's end is told. */
const graceMs = 5_000;

export function createGather({ order, action, nodes, notAfterMs }: GatherOptions): Gather {
  const names = new Set<string>(execSessions(order, action));
  const views = new Map<string, NodeView>(nodes.map((node) => [node, { node, answer: null, sessions: [] }]));
  return {
    news(news, nowMs) {
      if (news.kind === "told" || news.kind === "alive") return [];
      const view = views.get(news.node);
      const name = news.kind === "facts" ? news.facts.name : news.session;
      if (view === undefined || !names.has(name)) return [];
      const session = sessionOf(view, name);
      return news.kind === "facts"
        ? takeFacts(session, news.facts, nowMs)
        : takePage(session, Buffer.from(news.page, "base64"));
    },
    answers(answers) {
      for (const answer of answers) {
        const view = views.get(answer.node);
        if (view !== undefined && counts(view.answer, answer)) view.answer = answer;
      }
    },
    nodes: () => [...views.values()],
    isOver: (nowMs) =>
      [...views.values()].every((view) =>
        isNodeOver(view, {
          nowMs,
          notAfterMs,
          isLog: action.output === "log",
          isPaced: action.atOnce !== null,
        }),
      ),
  };
}

/** What was proven is not taken back: a node that started anew knows only that the order was used. */
function counts(before: NodeAnswer | null, next: NodeAnswer): boolean {
  if (before?.kind === "accepted") return next.kind === "accepted";
  return (next.kind !== "silent" && next.kind !== "waiting") || before === null || before.kind === "waiting";
}

function sessionOf({ node, sessions }: NodeView, name: string): SessionView {
  const known = sessions.find((session) => session.name === name);
  if (known !== undefined) return known;
  const session = { node, name, facts: null, stream: null, shownTo: 0, endHeardMs: null };
  sessions.push(session);
  return session;
}

function takeFacts(session: SessionView, facts: SessionFacts, nowMs: number): Output[] {
  // The newest of a run is its end: what comes after that was said before.
  if (session.facts?.run === facts.run && session.facts.state !== "running") return [];
  session.facts = facts;
  if (facts.state === "running") return [];
  session.endHeardMs = nowMs;
  return [{ kind: "over", session }];
}

function takePage(session: SessionView, page: Uint8Array): Output[] {
  const frame = decodeFrame(page);
  if (frame?.head.kind !== "output") return [];
  const { stream, from } = frame.head;
  const outputs: Output[] = [];
  if (session.stream !== stream) {
    session.stream = stream;
    session.shownTo = 0;
  }
  if (from > session.shownTo) {
    outputs.push({ kind: "gap", session, bytes: from - session.shownTo });
    session.shownTo = from;
  }
  const bytes = frame.bytes.subarray(session.shownTo - from);
  if (bytes.length === 0) return outputs;
  session.shownTo += bytes.length;
  return [...outputs, { kind: "bytes", session, bytes }];
}

interface Moment {
  nowMs: number;
  notAfterMs: number;
  isLog: boolean;
  /** Whoever says nothing when its turn has come is passed over. */
  isPaced: boolean;
}

function isNodeOver({ answer, sessions }: NodeView, moment: Moment): boolean {
  const begun = answer?.kind === "accepted" ? startedBy(answer) : null;
  if (begun !== null)
    return begun.names.every((name) =>
      isSessionOver(
        sessions.find((one) => one.name === name),
        moment,
      ),
    );
  // It may have begun before anybody heard what it answered.
  if (sessions.length > 0) return sessions.every((session) => isSessionOver(session, moment));
  return (answer !== null && isNever(answer, moment)) || moment.nowMs > moment.notAfterMs + graceMs;
}

function isNever({ kind }: NodeAnswer, { isPaced }: Moment): boolean {
  return kind === "refused" || kind === "unproven" || (kind === "silent" && isPaced);
}

/** What it says to have started, by its signature; null where it says nothing of that. */
export function startedBy(answer: Extract<NodeAnswer, { kind: "accepted" }>) {
  if (answer.session?.kind !== "started") return null;
  const { sessions, failed } = answer.session;
  return { names: sessions.map(({ name }): string => name), failed };
}

/** Its end may be told before its last output. */
function isSessionOver(session: SessionView | undefined, { nowMs, isLog }: Moment): boolean {
  const { facts = null, endHeardMs = null, shownTo = 0 } = session ?? {};
  if (facts === null || endHeardMs === null) return false;
  const isWhole = !isLog || shownTo >= facts.bytes;
  return isWhole || nowMs > endHeardMs + graceMs;
}

/** As people are shown it. */
export function sessionLabel(order: Digest, { node, name }: SessionView): string {
  const copy = name.slice(`exec-${shortDigest(order)}`.length);
  return `${node}${copy.replace("-", "#")}`;
}
