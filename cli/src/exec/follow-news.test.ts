/** News over a real HTTP server that refuses, drips, or never ends its line. */
import { createServer, type RequestListener, type Server } from "node:http";
import { maxNewsBytes, type OrderNews } from "@chimera/proto/sessions/order-news";
import { Digest, FleetId } from "@chimera/proto/names";
import { afterEach, expect, test, vi } from "vitest";
import { followNews, type News } from "./follow-news.ts";

let server: Server | null = null;
let news: News | null = null;
afterEach(() => {
  news?.stop();
  server?.closeAllConnections();
  server?.close();
});

async function follow(answer: RequestListener) {
  const heard = { news: new Array<OrderNews>(), asked: 0, refused: new Array<unknown>() };
  server = createServer((request, response) => {
    heard.asked += 1;
    answer(request, response);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const at = server.address();
  const port = typeof at === "object" && at !== null ? at.port : 0;
  news = await followNews({
    context: {
      name: "x",
      controller: `http://127.0.0.1:${port}`,
      fleetId: FleetId.parse("0".repeat(64)),
    },
    order: Digest.parse("a".repeat(64)),
    copies: 1,
    take: (one) => void heard.news.push(one),
    onLine: () => undefined,
  });
  news.refused.catch((error: unknown) => heard.refused.push(error));
  return heard;
}

test.each([
  [401, "token-invalid"],
  [403, "role-forbidden"],
  [404, "not-found"],
])("HTTP %d is told, and not asked for again", async (status, code) => {
  const heard = await follow((_, response) => response.writeHead(status).end());
  await vi.waitFor(() => expect(heard.refused).toEqual([expect.objectContaining({ code })]));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(heard.asked).toBe(1);
});

test("a controller that is not well is asked again", async () => {
  const heard = await follow((_, response) => response.writeHead(503).end());
  await vi.waitFor(() => expect(heard.asked).toBeGreaterThan(2), { timeout: 5_000 });
  expect(heard.refused).toEqual([]);
});

test("lines come whole however they are cut, and one without an end is not held", async () => {
  const heard = await follow((_, response) => {
    const text = `${JSON.stringify({ kind: "alive" })}\n`;
    response.writeHead(200);
    response.write(text.slice(0, 5));
    setTimeout(() => response.write(`${text.slice(5)}${text}`), 50);
    setTimeout(() => response.write("x".repeat(maxNewsBytes + 1)), 100);
  });
  await vi.waitFor(() => expect(heard.asked).toBeGreaterThan(1), { timeout: 5_000 });
  expect(heard.news.slice(0, 2).map(({ kind }) => kind)).toEqual(["alive", "alive"]);
});
