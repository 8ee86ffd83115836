/** A session that has ended, watched over a real socket whose other end is slow, breaks, or never sends all of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NodeName } from "@chimera/proto/names";
import { encodeFrame, type FrameHead } from "@chimera/proto/sessions/session-frame";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { SessionName, StreamId, type SessionFacts } from "@chimera/proto/sessions/session";
import { ViewAsk } from "@chimera/proto/sessions/view-ask";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createNodeRoad } from "./roads/node-road.ts";
import type { Seen } from "./view-stream.ts";
import { watchSession } from "./watch-session.ts";
import type { WatchOptions } from "./watch-state.ts";

type Line = (head: FrameHead, bytes?: Uint8Array) => void;

let dir: string;
let server: Server | null = null;
const sockets = new Set<Socket>();
beforeEach(async () => {
  dir = await mkdtemp("/tmp/chimera-watch-");
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  await rm(dir, { recursive: true });
});

const run = "0".repeat(16);
const stream = StreamId.parse(run);
const ended = (changes: Partial<SessionFacts>): FrameHead => ({
  kind: "facts",
  facts: sessionFacts("x", { run, state: "ended", exitCode: 0, bytes: 150_000, ...changes }),
});
const piece = 50_000;
const size = { columns: 80, rows: 24 };

/** A node that answers each first ask of a line by what the test does; later asks by the facts, as a node does. */
async function serve(
  facts: FrameHead,
  begin: (line: Line, seen: Seen | null, socket: Socket) => Promise<void>,
): Promise<string> {
  const path = join(dir, "s.sock");
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let hasBegun = false;
    const line: Line = (head, bytes = new Uint8Array(0)) => {
      const frame = encodeFrame({ head, bytes });
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      if (socket.writable) socket.write(Buffer.concat([length, frame]));
    };
    socket.on("data", (data) => {
      const [text = ""] = data.toString("utf8").split("\n");
      const { view } = ViewAsk.parse(JSON.parse(text));
      line(facts);
      if (!hasBegun) void begin(line, view.seen, socket);
      hasBegun = true;
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, resolve);
  await promise;
  return path;
}

async function watch(path: string, options: Partial<WatchOptions> = {}) {
  const heard = { bytes: 0, kinds: new Set<string>() };
  const at = { node: NodeName.parse("n1"), session: SessionName.parse("x") };
  const road = createNodeRoad(path, "n1");
  const signal = AbortSignal.timeout(60_000);
  for await (const one of watchSession({ road, at, from: { stream, to: 0 }, signal, ...options })) {
    heard.kinds.add(one.kind);
    if (one.kind === "output") heard.bytes += one.bytes.length;
  }
  return heard;
}

test("of a log that has ended all of it comes, however slow the line is", async () => {
  const path = await serve(ended({}), async (line) => {
    for (let from = 0; from < 3 * piece; from += piece) {
      line({ kind: "output", stream, from }, new Uint8Array(piece));
      await sleep(900);
    }
  });
  const heard = await watch(path);
  expect(heard.bytes).toBe(3 * piece);
  expect(heard.kinds).toContain("over");
});

test("of a log that has ended all of it comes, also where the line breaks in its midst", async () => {
  const path = await serve(ended({}), async (line, seen, socket) => {
    line({ kind: "output", stream, from: seen?.to ?? 0 }, new Uint8Array(piece));
    await sleep(900);
    socket.destroy();
  });
  const heard = await watch(path);
  expect(heard.bytes).toBe(3 * piece);
  expect(heard.kinds).toContain("over");
});

test("what its node never sends of it is told with its size, and is no good end", async () => {
  const path = await serve(ended({}), async (line) => {
    line({ kind: "output", stream, from: 0 }, new Uint8Array(piece));
    await Promise.resolve();
  });
  await expect(watch(path, { giveUpMs: { answered: 4_000, silent: 4_000 } })).rejects.toThrow(
    expect.objectContaining({ code: "contact-lost", message: expect.stringMatching(/100000 bytes/u) }),
  );
});

test("what its node cannot send because it is gone is told with its size", async () => {
  const path = await serve(ended({}), async (line, _, socket) => {
    line({ kind: "output", stream, from: 0 }, new Uint8Array(piece));
    server?.close();
    await sleep(300);
    socket.destroy();
  });
  await expect(watch(path, { giveUpMs: { answered: 4_000, silent: 4_000 } })).rejects.toThrow(
    expect.objectContaining({ code: "contact-lost", message: expect.stringMatching(/100000 bytes/u) }),
  );
});

test("of a terminal that has ended the last picture comes, however slow the line is", async () => {
  const facts = ended({ output: "terminal", kind: "run" });
  const head = { kind: "screen", stream, at: 9, size, history: 0, lost: null } as const;
  const path = await serve(facts, async (line) => {
    await sleep(1_200);
    line({ ...head, isFirst: true, isLast: false }, new Uint8Array(9));
    await sleep(1_200);
    line({ ...head, isFirst: false, isLast: true }, new Uint8Array(9));
  });
  const heard = await watch(path, { from: null });
  expect([...heard.kinds]).toEqual(["facts", "screen", "over"]);
});

test("of a terminal that nobody can draw any more the missing picture is told", async () => {
  const facts = ended({ output: "terminal", kind: "run" });
  const path = await serve(facts, () => Promise.resolve());
  const heard = await watch(path, { from: null, giveUpMs: { answered: 3_000, silent: 3_000 } });
  expect([...heard.kinds]).toEqual(["facts", "gap", "over"]);
});
