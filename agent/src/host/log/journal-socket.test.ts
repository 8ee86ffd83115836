import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { journalHeader, openJournal, type LogSink } from "./journal-socket.ts";

const identity = { identifier: "chimera-agent", unit: "chimera-sentinel.service" };
const patient = { timeout: 8_000, interval: 20 };
let folder: string;
let socket: string;
let journal: LogSink;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-journal-"));
  socket = join(folder, "stdout");
});
afterEach(() => {
  journal.close();
  rmSync(folder, { recursive: true });
});

async function listen(onClient: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onClient).listen(socket);
  await once(server, "listening");
  return server;
}

test("the header comes first, as systemd expects it, then the lines", async () => {
  let heard = "";
  const server = await listen((client) => client.on("data", (data) => (heard += data.toString())));
  journal = openJournal({ ...identity, socket });
  journal.write("<6>hello\n");
  await vi.waitFor(() => expect(heard).toBe(`${journalHeader(identity)}<6>hello\n`), patient);
  expect(journalHeader(identity).split("\n")).toEqual([
    ...Object.values(identity),
    "6",
    "1",
    "0",
    "0",
    "0",
    "",
  ]);
  server.close();
});

test("a journald that ends its own direction, as it does, is still written to", async () => {
  let heard = "";
  let clients = 0;
  const server = await listen((client) => {
    clients += 1;
    client.end();
    client.on("data", (data) => (heard += data.toString()));
  });
  journal = openJournal({ ...identity, socket });
  await once(server, "connection");
  await vi.waitFor(() => {
    journal.write("<6>x\n");
    expect(heard.split("<6>x").length).toBeGreaterThan(10);
  }, patient);
  expect(clients).toBe(1);
  server.close();
});

test("a journal that reads nothing costs lines, which are counted, never memory or time", async () => {
  const clients: Socket[] = [];
  const server = await listen((client) => clients.push(client.pause()));
  journal = openJournal({ ...identity, socket, maxBufferedBytes: 64 << 10 });
  await vi.waitFor(() => expect(clients).toHaveLength(1), patient);
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const line = `<6>${"x".repeat(1000)}\n`;
  for (let i = 0; i < 20_000; i += 1) journal.write(line);
  expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(16 << 20);
  let heard = "";
  clients[0]?.on("data", (data) => (heard += data.toString())).resume();
  await vi.waitFor(() => {
    journal.write("<6>again\n");
    expect(heard).toMatch(/log lines were dropped","count":\d+/);
  }, patient);
  clients[0]?.destroy();
  server.close();
});

test("a journald that restarts is met again", async () => {
  const first = await listen((client) => client.destroy());
  journal = openJournal({ ...identity, socket });
  await once(first, "connection");
  first.close();
  await once(first, "close");
  let heard = "";
  const second = await listen((client) => client.on("data", (data) => (heard += data.toString())));
  await vi.waitFor(() => {
    journal.write("<6>again\n");
    expect(heard).toContain("<6>again");
  }, patient);
  second.close();
});
