/** SHELL. News of an order's sessions, line by line from the controller, over whatever line there is: it is asked for again until it is enough. */
import type { ClientRequest, IncomingMessage } from "node:http";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { maxNewsBytes, newsEveryMs, OrderNews } from "@chimera/proto/sessions/order-news";
import { codeOfStatus, parseJson } from "../api/http.ts";
import { readToken, type NamedContext } from "../context/current-context.ts";

export interface NewsOptions {
  context: NamedContext;
  order: Digest;
  copies: number;
  take: (news: OrderNews) => void;
  /** The line broke, or there is one again. */
  onLine: (isUp: boolean) => void;
}

export interface News {
  /** Rejects where the controller refuses: what will not become better is not asked for again. */
  refused: Promise<never>;
  stop: () => void;
}

const silenceMs = newsEveryMs * 3;
const firstWaitMs = 250;
const mostWaitMs = 5_000;

export async function followNews(options: NewsOptions): Promise<News> {
  const { context, order, copies } = options;
  const token = await readToken(context, "api");
  const url = `${context.controller.replace(/\/+$/u, "")}/v1/orders/${order}/sessions?copies=${copies}`;
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  refused.catch(() => undefined);
  const begin = { isOver: false, waitMs: firstWaitMs, sent: null, timer: null };
  const state: State = { options, url, token, refuse, ...begin };
  connect(state);
  return {
    refused,
    stop() {
      state.isOver = true;
      if (state.timer !== null) clearTimeout(state.timer);
      state.sent?.destroy();
    },
  };
}

interface State {
  options: NewsOptions;
  url: string;
  token: string | undefined;
  refuse: (error: ChimeraError) => void;
  isOver: boolean;
  waitMs: number;
  sent: ClientRequest | null;
  timer: NodeJS.Timeout | null;
}

function connect(state: State): void {
  const client = state.url.startsWith("https:")
    ? process.getBuiltinModule("node:https")
    : process.getBuiltinModule("node:http");
  const headers = state.token === undefined ? {} : { authorization: `Bearer ${state.token}` };
  const sent = client.request(state.url, { headers, timeout: silenceMs }, (response) => {
    if (response.statusCode === 200) read(state, response);
    else refuseOr(state, response);
  });
  state.sent = sent;
  // Once, whatever came first.
  sent.on("timeout", () => sent.destroy());
  sent.on("error", () => undefined);
  sent.on("close", () => again(state));
  sent.end();
}

function again(state: State): void {
  if (state.isOver) return;
  state.options.onLine(false);
  state.timer = setTimeout(() => connect(state), state.waitMs * (0.75 + Math.random() / 2));
  state.waitMs = Math.min(state.waitMs * 2, mostWaitMs);
}

/** A token that is none, or may not read, and an order that nobody knows: whoever asks again is told the same. */
function refuseOr(state: State, response: IncomingMessage): void {
  const { statusCode = 0 } = response;
  response.destroy();
  if (state.isOver || ![401, 403, 404].includes(statusCode)) return;
  state.isOver = true;
  const what = `${state.url}: HTTP ${statusCode}; what was begun goes on without it`;
  state.refuse(new ChimeraError(codeOfStatus(statusCode), what));
}

function read(state: State, response: IncomingMessage): void {
  const take = (line: string): void => {
    const news = OrderNews.safeParse(parseJson(line));
    // What a newer controller says is not for this program.
    if (!news.success || state.isOver) return;
    if (state.waitMs !== firstWaitMs || news.data.kind === "told") state.options.onLine(true);
    state.waitMs = firstWaitMs;
    state.options.take(news.data);
  };
  const lines = createLines(take);
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    if (!lines(text)) response.destroy();
  });
  response.on("error", () => undefined);
}

/** A line may come in many small parts: no character of it is looked at twice. False for one that is too long. */
function createLines(take: (line: string) => void): (text: string) => boolean {
  let [parts, length]: [string[], number] = [[], 0];
  const add = (part: string): boolean => {
    parts.push(part);
    length += part.length;
    return length <= maxNewsBytes;
  };
  return (text) => {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      if (!add(text.slice(from, end))) return false;
      take(parts.join(""));
      [parts, length] = [[], 0];
      from = end + 1;
    }
    return from === text.length || add(text.slice(from));
  };
}
