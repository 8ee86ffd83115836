import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import type { LookupAddress } from "node:dns";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createHttpCheck } from "./check-http.ts";
import { createTcpCheck } from "./check-tcp.ts";
import { createLookup } from "./lookup-once.ts";

const statuses = [200];
const open: Server[] = [];
let abort: AbortController;
beforeEach(() => {
  abort = new AbortController();
});
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function url(listener: RequestListener, path = "/"): Promise<string> {
  return `http://127.0.0.1:${await listen(createHttpServer(listener))}${path}`;
}

/** A port of this machine that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

const get = (check: Parameters<typeof createHttpCheck>[0]) =>
  createHttpCheck(check, createLookup())(abort.signal);

const dial = (host: string, port: number) => createTcpCheck({ host, port }, createLookup())(abort.signal);

test("a healthy status is healthy, and nothing of an endless body is waited for", async () => {
  const place = await url((_, answer) => void answer.writeHead(200).write("never ends"));
  expect(await get({ url: place, statuses })).toEqual({ kind: "passed", message: "answered 200" });
});

test("another status is none, unless it is asked for", async () => {
  const place = await url((_, answer) => void answer.writeHead(503).end("busy"));
  expect(await get({ url: place, statuses })).toEqual({ kind: "failed", message: "answered 503" });
  expect(await get({ url: place, statuses: [200, 503] })).toMatchObject({ kind: "passed" });
});

test("a redirect is an answer, not a way", async () => {
  const asked: (string | undefined)[] = [];
  const place = await url((request, answer) => {
    asked.push(request.url);
    answer.writeHead(302, { location: "/healthy" }).end();
  });
  expect(await get({ url: place, statuses })).toEqual({ kind: "failed", message: "answered 302" });
  expect(asked).toEqual(["/"]);
});

test("a text is found in the first 64 KiB, over the borders of chunks, and not behind them", async () => {
  const text = "ready";
  let before = 0;
  const place = await url((_, answer) => {
    answer.write("x".repeat(before));
    for (const letter of text) answer.write(letter);
    // It goes on and on.
    answer.write("y".repeat(1 << 20));
  });
  expect(await get({ url: place, statuses, contains: text })).toMatchObject({ kind: "passed" });
  before = 65_536 - text.length;
  expect(await get({ url: place, statuses, contains: text })).toMatchObject({ kind: "passed" });
  before += 1;
  expect(await get({ url: place, statuses, contains: text })).toEqual({
    kind: "failed",
    message: 'answered 200 without the text "ready"',
  });
});

for (const [what, greeting] of [
  ["closes at once", ""],
  ["speaks another language", "220 mail ready\r\n"],
  ["ends in the middle of its header", "HTTP/1.1 200 OK\r\nContent-Le"],
  ["sends a header without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(1 << 20)}`],
  ["ends in the middle of its body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nready"],
] as const) {
  test(`a server that ${what} has failed`, async () => {
    const port = await listen(
      createServer((client) => void client.on("error", () => undefined).end(greeting)),
    );
    const outcome = await get({ url: `http://127.0.0.1:${port}`, statuses, contains: "steady" });
    expect(outcome.kind).toBe("failed");
    expect(outcome.message).not.toBe("");
  });
}

test("plain HTTP where TLS is asked for, and a certificate that nobody vouches for, have failed", async () => {
  const place = await url((_, answer) => void answer.end());
  expect(await get({ url: place.replace("http:", "https:"), statuses })).toMatchObject({ kind: "failed" });
});

test("silence lasts until the signal, in the header and in the body", async () => {
  for (const beginning of ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nrea"]) {
    abort = new AbortController();
    let heard = 0;
    const port = await listen(
      createServer((client) => {
        heard += 1;
        client.on("error", () => undefined).write(beginning);
      }),
    );
    const running = get({ url: `http://127.0.0.1:${port}`, statuses, contains: "ready" });
    await vi.waitUntil(() => heard === 1);
    abort.abort();
    expect(await running).toMatchObject({ kind: "failed" });
  }
});

test("a port that accepts is healthy, one that nobody listens on is not", async () => {
  const port = await listen(createServer((client) => void client.on("error", () => undefined)));
  expect(await dial("127.0.0.1", port)).toMatchObject({ kind: "passed" });
  expect(await dial("localhost", port)).toMatchObject({ kind: "passed" });
  const dead = await deadPort();
  expect(await dial("127.0.0.1", dead)).toMatchObject({ kind: "failed" });
  expect((await dial("localhost", dead)).message).toContain("ECONNREFUSED");
});

test("an attempt that comes to nothing is given up with the signal", async () => {
  let asked = false;
  const lookup = createLookup(() => {
    asked = true;
  });
  const running = createTcpCheck({ host: "silent.example", port: 9 }, lookup)(abort.signal);
  await vi.waitUntil(() => asked);
  abort.abort();
  expect(await running).toEqual({ kind: "failed", message: "was given up" });
});

test("a name is asked for once at a time, and no more than two names at once", async () => {
  const asked: string[] = [];
  const answers: ((error: Error | null, addresses: LookupAddress[]) => void)[] = [];
  const lookup = createLookup((host, found) => {
    asked.push(host);
    answers.push(found);
  });
  const ask = (host: string) =>
    new Promise<unknown>((resolve) => {
      lookup(host, {}, (error, address) => resolve(error?.message ?? address));
    });
  const same = [ask("a"), ask("a")];
  const other = ask("b");
  expect(await ask("c")).toContain("c is not looked up");
  expect(asked).toEqual(["a", "b"]);
  answers[0]?.(null, [{ address: "192.0.2.1", family: 4 }]);
  answers[1]?.(new Error("no such name"), []);
  expect(await Promise.all([...same, other])).toEqual(["192.0.2.1", "192.0.2.1", "no such name"]);
  const again = ask("a");
  answers[2]?.(null, [{ address: "192.0.2.2", family: 4 }]);
  expect(await again).toBe("192.0.2.2");
});

test("of a name's addresses those of the asked family are given", async () => {
  const addresses = [
    { address: "192.0.2.1", family: 4 },
    { address: "2001:db8::1", family: 6 },
  ];
  const lookup = createLookup((_, found) => found(null, addresses));
  const ask = (options: { family?: number | "IPv6"; all?: boolean }) =>
    new Promise((resolve) => {
      lookup("a", options, (error, found) => resolve(error === null ? found : error.message));
    });
  expect(await ask({ family: 6 })).toBe("2001:db8::1");
  expect(await ask({ family: "IPv6", all: true })).toEqual([addresses[1]]);
  expect(await ask({ all: true })).toEqual(addresses);
  expect(await ask({ family: 5 })).toBe("a has no such address");
});
