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
  /** Whoever is shown it was told that it is over. */
  isTold: boolean;
}

export type Output =
  | { kind: "bytes"; session: SessionView; bytes: Uint8Array }
  /** So many bytes of it are kept nowhere. */
  | { kind: "gap"; session: SessionView; bytes: number }
  /** It has ended, and all of its output that will come has. */
  | { kind: "over"; session: SessionView };

export interface NodeView {
  node: NodeName;
  /** Null while nothing was heard. */
  answer: NodeAnswer | null;
  /** One for each copy that is known to have begun. */
  sessions: SessionView[];
  /** When news of it came last, in Unix milliseconds. */
  heardMs: number;
}

export interface Gather {
  news: (news: OrderNews, nowMs: number) => Output[];
  /** Whether news can come now. */
  line: (isUp: boolean, nowMs: number) => void;
  answers: (answers: readonly NodeAnswer[]) => void;
  nodes: () => NodeView[];
  /** Whether there is nothing more to wait for. */
  isOver: (nowMs: number) => boolean;
  /** Nothing more is waited for: what is missing of that which has ended. */
  finish: () => Output[];
}

export interface GatherOptions {
  order: Digest;
  action: Pick<ExecAction, "copies" | "output" | "atOnce">;
  nodes: readonly NodeName[];
  /** From then on no node begins. */
  notAfterMs: number;
}

/** What is on its way when an order's time is over. */
const graceMs = 5_000;
/** A node sends its sessions' output one after the other, 2 MiB a second: while any of it comes, the rest may. */
const silenceMs = 10_000;

export function createGather({ order, action, nodes, notAfterMs }: GatherOptions): Gather {
  const names = new Set<string>(execSessions(order, action));
  const views = new Map<string, NodeView>(
    nodes.map((node) => [node, { node, answer: null, sessions: [], heardMs: 0 }]),
  );
  const isLog = action.output === "log";
  let upMs: number | null = null;
  return {
    news(news, nowMs) {
      if (news.kind === "told" || news.kind === "alive") return [];
      const view = views.get(news.node);
      const name = news.kind === "facts" ? news.facts.name : news.session;
      if (view === undefined || !names.has(name)) return [];
      const session = sessionOf(view, name);
      view.heardMs = nowMs;
      const outputs =
        news.kind === "facts"
          ? takeFacts(session, news.facts, nowMs)
          : takePage(session, Buffer.from(news.page, "base64"));
      return missingOf(session, isLog) === 0 ? [...outputs, ...tellOver(session)] : outputs;
    },
    line(isUp, nowMs) {
      upMs = isUp ? (upMs ?? nowMs) : null;
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
        isNodeOver(view, { nowMs, notAfterMs, upMs, isLog, isPaced: action.atOnce !== null }),
      ),
    finish: () =>
      [...views.values()].flatMap(({ sessions }) => sessions.flatMap((session) => finish(session, isLog))),
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
  const session = { node, name, facts: null, stream: null, shownTo: 0, endHeardMs: null, isTold: false };
  sessions.push(session);
  return session;
}

function takeFacts(session: SessionView, facts: SessionFacts, nowMs: number): [] {
  // The newest of a run is its end: what comes after that was said before.
  if (session.facts?.run === facts.run && session.facts.state !== "running") return [];
  session.facts = facts;
  if (facts.state !== "running") session.endHeardMs = nowMs;
  return [];
}

/** What of the output of a session that has ended was not shown; null while it runs. */
function missingOf({ facts, endHeardMs, shownTo }: SessionView, isLog: boolean): number | null {
  if (facts === null || endHeardMs === null) return null;
  return isLog ? Math.max(0, facts.bytes - shownTo) : 0;
}

function tellOver(session: SessionView): Output[] {
  if (session.isTold) return [];
  session.isTold = true;
  return [{ kind: "over", session }];
}

function finish(session: SessionView, isLog: boolean): Output[] {
  const bytes = missingOf(session, isLog);
  if (bytes === null || session.isTold) return [];
  session.shownTo += bytes;
  return bytes === 0 ? tellOver(session) : [{ kind: "gap", session, bytes }, ...tellOver(session)];
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
  /** Since then news can come; null while it cannot. */
  upMs: number | null;
  isLog: boolean;
  /** Whoever says nothing when its turn has come is passed over. */
  isPaced: boolean;
}

function isNodeOver({ answer, sessions, heardMs }: NodeView, moment: Moment): boolean {
  const { nowMs, upMs, isLog } = moment;
  const isSilent = upMs !== null && nowMs > Math.max(upMs, heardMs) + silenceMs;
  const isDone = (session: SessionView): boolean => isSessionOver(session, { isLog, isSilent });
  const begun = answer?.kind === "accepted" ? startedBy(answer) : null;
  if (begun !== null)
    return begun.names.every((name) => sessions.some((one) => one.name === name && isDone(one)));
  // It may have begun before anybody heard what it answered.
  if (sessions.length > 0) return sessions.every((session) => isDone(session));
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
function isSessionOver(
  session: SessionView,
  { isLog, isSilent }: { isLog: boolean; isSilent: boolean },
): boolean {
  const missing = missingOf(session, isLog);
  return missing === 0 || (missing !== null && isSilent);
}

/** As people are shown it. */
export function sessionLabel(order: Digest, { node, name }: SessionView): string {
  const copy = name.slice(`exec-${shortDigest(order)}`.length);
  return `${node}${copy.replace("-", "#")}`;
}
