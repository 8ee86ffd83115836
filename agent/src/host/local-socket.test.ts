import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { LocalAnswer, localError, maxRequestBytes, type LocalRequest } from "@chimera/proto/local-api";
import { createLog } from "@chimera/proto/log";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { serveLocalSocket } from "./local-socket.ts";
import type { RootSocket } from "./root-socket.ts";

const request = `${JSON.stringify({ v: 1, command: "status" })}\n`;
const lines: string[] = [];
const log = createLog({ fields: {}, write: (line) => void lines.push(line) });
let runtimeDir: string;
let socket: RootSocket | null;
let seen: LocalRequest[];

beforeEach(() => {
  runtimeDir = mkdtempSync(join(tmpdir(), "chimera-socket-"));
  [seen, socket] = [[], null];
  lines.length = 0;
});
afterEach(() => {
  socket?.close();
  rmSync(runtimeDir, { recursive: true, force: true });
});

const path = () => join(runtimeDir, "agent.sock");

async function serve(answer?: (request: LocalRequest) => Promise<LocalAnswer>, patienceMs = 2_000) {
  socket = serveLocalSocket({
    runtimeDir,
    log,
    patienceMs,
    answer: async (asked) => {
      seen.push(asked);
      return answer === undefined ? localError("held", `answer to ${asked.command}`) : answer(asked);
    },
  });
  await socket.ready;
}

async function client(): Promise<Socket> {
  const stream = connect(path());
  stream.on("error", () => undefined);
  await once(stream, "connect");
  return stream;
}

/** With or without an error: `once` rejects for a connection that is broken off. */
async function closed(stream: Socket): Promise<void> {
  if (!stream.closed) await new Promise<void>((resolve) => void stream.once("close", () => resolve()));
}

async function read(stream: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  await closed(stream);
  return Buffer.concat(pieces).toString("utf8");
}

async function ask(text: string | Buffer): Promise<unknown> {
  const stream = await client();
  stream.write(text);
  return LocalAnswer.parse(JSON.parse(await read(stream)));
}

/** Where patience is short, a slow machine may need a second try. */
async function isServed(): Promise<boolean> {
  return vi.waitUntil(async () => ask(request).then(Boolean, () => false), { timeout: 8_000, interval: 50 });
}

const failed = (code: string) => ({ v: 1, ok: false, error: expect.objectContaining({ code }) });

test("answers one line to one line, in a place that only root can enter", async () => {
  await serve();
  expect(await ask(request)).toEqual(localError("held", "answer to status"));
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test("makes the folder for root alone", async () => {
  runtimeDir = join(runtimeDir, "run");
  await serve();
  expect(statSync(runtimeDir).mode & 0o777).toBe(0o700);
});

test("takes the place of what a dead agent left", async () => {
  writeFileSync(path(), "stale");
  await serve();
  expect(await ask(request)).toEqual(failed("held"));
});

test("a request in pieces is one request, and what comes after its line is nothing", async () => {
  await serve();
  const stream = await client();
  for (const letter of request) stream.write(letter);
  stream.write(request.repeat(3));
  expect(JSON.parse(await read(stream))).toEqual(failed("held"));
  expect(seen).toHaveLength(1);
});

test.each<[string, string | Buffer, string]>([
  ["no JSON", "status\n", "input-invalid"],
  ["an empty line", "\n", "input-invalid"],
  ["bytes that are no text", Buffer.from([0xff, 0xfe, 0, 0x0a]), "input-invalid"],
  ["a command of a newer version", '{"v":1,"command":"format"}\n', "input-invalid"],
  ["another version", '{"v":2,"command":"status"}\n', "input-invalid"],
  ["a path that is none", '{"v":1,"command":"apply","toplevel":"/etc/passwd"}\n', "input-invalid"],
  ["a line without end", "x".repeat(maxRequestBytes + 1), "body-too-large"],
])("%s is answered, and asks for nothing", async (_, text, code) => {
  await serve();
  expect(await ask(text)).toEqual(failed(code));
  expect(seen).toEqual([]);
});

test("half a line is answered when its end is the end", async () => {
  await serve();
  const stream = await client();
  stream.end(request.slice(0, -1));
  expect(JSON.parse(await read(stream))).toEqual(failed("body-incomplete"));
});

test("whoever sends without end is cut off, and others are answered meanwhile", async () => {
  await serve(undefined, 300);
  const stream = await client();
  const more = () => {
    while (stream.writable && stream.write("x".repeat(1 << 16))) continue;
  };
  stream.on("drain", more);
  more();
  expect(await isServed()).toBe(true);
  stream.resume();
  await closed(stream);
});

test("whoever sends a byte now and then is cut off in time", async () => {
  await serve(undefined, 200);
  const stream = await client();
  const timer = setInterval(() => stream.write("x"), 20);
  stream.resume();
  await closed(stream);
  clearInterval(timer);
  expect(await isServed()).toBe(true);
});

test("whoever goes away before the answer harms nobody", async () => {
  const gate = Promise.withResolvers<LocalAnswer>();
  await serve(() => gate.promise);
  const stream = await client();
  stream.write(request);
  await vi.waitUntil(() => seen.length === 1);
  stream.destroy();
  gate.resolve(localError("held", "late"));
  expect(await ask(request)).toEqual(failed("held"));
});

test("many at once are all answered", async () => {
  await serve();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(request)));
  expect(answers).toHaveLength(50);
  expect(seen).toHaveLength(50);
});

test("silent ones in every place do not keep the door shut for long", async () => {
  await serve(undefined, 300);
  await Promise.all(Array.from({ length: 64 }, client));
  expect(await isServed()).toBe(true);
});

test("what is thrown becomes an answer: a failure by its code, a bug by its name, and in the log", async () => {
  await serve(({ command }) => {
    if (command === "release") throw new TypeError("a bug");
    throw new ChimeraError("file-unreadable", "no space");
  });
  expect(await ask(request)).toEqual(failed("file-unreadable"));
  expect(await ask('{"v":1,"command":"release","author":"root","reason":""}\n')).toEqual(failed("bug"));
  expect(lines.join("")).toMatch(/"error":"a bug".*local request failed/u);
});

test("an answer that became too large is said to be", async () => {
  await serve(async () => ({ v: 1, ok: false, error: { code: "x", message: "y".repeat(5 << 20) } }));
  expect(await ask(request)).toEqual(failed("body-too-large"));
});

test("a place that cannot be had is said in the log, and does not end the agent", async () => {
  const blocked = join(runtimeDir, "file");
  writeFileSync(blocked, "");
  const inFile = serveLocalSocket({
    runtimeDir: join(blocked, "run"),
    answer: async () => localError("held", ""),
    log,
  });
  await vi.waitUntil(() => lines.some((line) => line.includes("could not be opened")));
  inFile.close();
  expect(statSync(blocked).isFile()).toBe(true);
});

test("after close nobody is served, nothing is left, and clients that waited are let go", async () => {
  await serve(() => new Promise(() => undefined));
  const stream = await client();
  stream.write(request);
  await vi.waitUntil(() => seen.length === 1);
  socket?.close();
  expect(await read(stream)).toBe("");
  await vi.waitUntil(() => !existsSync(path()));
});
