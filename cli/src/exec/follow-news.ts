/** SHELL. News of an order's sessions, line by line from the controller, over whatever line there is: it is asked for again until it is enough. */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Digest } from "@chimera/proto/names";
import { maxNewsBytes, newsEveryMs, OrderNews } from "@chimera/proto/sessions/order-news";
import { parseJson } from "../api/http.ts";
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
  stop: () => void;
}

const silenceMs = newsEveryMs * 3;
const firstWaitMs = 250;
const mostWaitMs = 5_000;

export async function followNews(options: NewsOptions): Promise<News> {
  const { context, order, copies } = options;
  const token = await readToken(context, "api");
  const url = `${context.controller.replace(/\/+$/u, "")}/v1/orders/${order}/sessions?copies=${copies}`;
  const state: State = { options, url, token, isOver: false, waitMs: firstWaitMs, sent: null, timer: null };
  connect(state);
  return {
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
    else response.destroy();
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

function read(state: State, response: IncomingMessage): void {
  let rest = "";
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxNewsBytes) response.destroy();
    for (const line of lines) {
      const news = OrderNews.safeParse(parseJson(line));
      // What a newer controller says is not for this program.
      if (!news.success || state.isOver) continue;
      if (state.waitMs !== firstWaitMs || news.data.kind === "told") state.options.onLine(true);
      state.waitMs = firstWaitMs;
      state.options.take(news.data);
    }
  });
  response.on("error", () => undefined);
}
