/** Viewers of a played session: what each is sent, in which pieces, and when nothing more. */
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import { decodeFrame, maxFrameBytes, type Frame } from "@chimera/proto/sessions/session-frame";
import { SessionName, StreamId } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { unseenBytes, ViewerId, viewerGoneMs } from "@chimera/proto/sessions/view-ask";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createOutputRing } from "../../sessions/output-ring.ts";
import { createViewDesk, type ViewDesk } from "./view-desk.ts";

const session = SessionName.parse("deploy-7");
const stream = StreamId.parse("0123456789abcdef");
const viewerOf = (digit: string): ViewerId => ViewerId.parse(digit.repeat(32));
const size = { columns: 80, rows: 24 };
const facts = sessionFacts(session);

let ring = createOutputRing(1 << 20);
let sent: { viewer: ViewerId; frame: Frame }[] = [];
let nowMs = 0;
let closed = 0;
let onOutput = (): void => undefined;
let desk: ViewDesk;
let failure: ChimeraError | null = null;

beforeEach(() => {
  [ring, sent, nowMs, closed, failure] = [createOutputRing(1 << 20), [], 0, 0, null];
  desk = createViewDesk({
    open: (_, told) => {
      onOutput = told;
      const source = {
        stream,
        held: () => ({ from: ring.from, to: ring.to }),
        read: (from: number, most: number) => ring.read(from, most),
        isCounted: () => true,
        lost: () => null,
        picture: () =>
          Promise.resolve({
            history: Buffer.from("old\r\n"),
            screen: Buffer.from(`at ${ring.to}`),
            at: ring.to,
            size,
          }),
        close: () => (closed += 1),
      };
      return failure === null ? Promise.resolve(source) : Promise.reject(failure);
    },
    facts: (name) => (name === session ? facts : null),
    send({ viewer }, bytes) {
      const frame = decodeFrame(bytes);
      if (frame === null) throw new Error("no frame");
      sent.push({ viewer, frame });
    },
    nowMs: () => nowMs,
    log: createLog({ fields: {}, write: () => undefined }),
  });
});
afterEach(() => desk.close());

type Seen = { stream: StreamId; to: number } | null;
const ask = (
  viewer: ViewerId,
  seen: Seen = null,
  over: { isOver?: boolean; session?: SessionName } = {},
): void =>
  desk.take({ v: 1, view: { session: over.session ?? session, viewer, seen, isOver: over.isOver ?? false } });
const write = (bytes: number): void => {
  ring.append(new Uint8Array(bytes).fill(97));
  onOutput();
};
const rest = (): Promise<void> => sleep(80);
const headsTo = (viewer: ViewerId) =>
  sent.filter((one) => one.viewer === viewer).map(({ frame }) => frame.head);
const outputTo = (viewer: ViewerId): number =>
  sent.reduce(
    (sum, one) =>
      one.viewer === viewer && one.frame.head.kind === "output" ? sum + one.frame.bytes.length : sum,
    0,
  );

test("who begins gets the facts and a picture, then what comes after it, byte for byte", async () => {
  write(10);
  const [one] = [viewerOf("1")];
  ask(one);
  await rest();
  expect(headsTo(one)).toEqual([
    { kind: "facts", facts },
    { kind: "screen", stream, at: 10, size, history: 5, lost: null, isFirst: true, isLast: true },
  ]);
  expect(Buffer.from(sent[1]?.frame.bytes ?? []).toString("utf8")).toBe("old\r\nat 10");
  ask(one, { stream, to: 10 });
  write(3);
  await rest();
  expect(headsTo(one).at(-1)).toEqual({ kind: "output", stream, from: 10 });
  expect(outputTo(one)).toBe(3);
});

test("a slow line holds up nobody else, gets no more than it has seen, and a picture for what it missed", async () => {
  const [slow, quick] = [viewerOf("a"), viewerOf("b")];
  ask(slow);
  ask(quick);
  await rest();
  ask(slow, { stream, to: 0 });
  ask(quick, { stream, to: 0 });
  for (let round = 1; round <= 12; round += 1) {
    write(300_000);
    await rest();
    ask(quick, { stream, to: round * 300_000 });
  }
  await rest();
  expect(outputTo(quick)).toBe(3_600_000);
  expect(outputTo(slow)).toBe(unseenBytes);
  ask(slow, { stream, to: unseenBytes });
  await rest();
  expect(headsTo(slow).at(-1)).toMatchObject({
    kind: "screen",
    at: 3_600_000,
    lost: 3_600_000 - unseenBytes,
  });
  for (const { frame } of sent) expect(frame.bytes.length).toBeLessThanOrEqual(maxFrameBytes);
});

test("after a break of the line it goes on where it was, without a picture, as long as that is here", async () => {
  const [before, after] = [viewerOf("1"), viewerOf("2")];
  ask(before);
  await rest();
  ask(before, { stream, to: 0 });
  write(500);
  await rest();
  // The source is open already, as for somebody else who watches.
  ask(after, { stream, to: 200 });
  await rest();
  expect(headsTo(after).map(({ kind }) => kind)).toEqual(["facts", "output"]);
  expect(outputTo(after)).toBe(300);
  ask(viewerOf("3"), { stream: StreamId.parse("f".repeat(16)), to: 200 });
  await rest();
  expect(headsTo(viewerOf("3")).map(({ kind }) => kind)).toEqual(["facts", "screen"]);
});

test("who goes on first, before the output is open, goes on where it was too", async () => {
  write(300);
  ask(viewerOf("1"), { stream, to: 200 });
  await rest();
  expect(headsTo(viewerOf("1")).map(({ kind }) => kind)).toEqual(["facts", "output"]);
  expect(outputTo(viewerOf("1"))).toBe(100);
});

test("who wants all of a log gets all that is left of it, and the size of what is gone", async () => {
  write(1 << 20);
  write(5000);
  const one = viewerOf("1");
  ask(one, { stream, to: 0 });
  await rest();
  expect(headsTo(one).slice(1, 3)).toEqual([
    { kind: "screen", stream, at: 5000, size, history: 0, lost: 5000, isFirst: true, isLast: true },
    { kind: "output", stream, from: 5000 },
  ]);
});

test("whoever asks while nothing is written hears that the node is there, and not with each ask", async () => {
  const one = viewerOf("1");
  ask(one);
  await rest();
  const told = (): number => headsTo(one).filter(({ kind }) => kind === "facts").length;
  nowMs = 1999;
  ask(one, { stream, to: 0 });
  expect(told()).toBe(1);
  nowMs = 2000;
  ask(one, { stream, to: 0 });
  ask(one, { stream, to: 0 });
  expect(told()).toBe(2);
});

test("who has gone and says so is sent nothing, and the last one closes the source", async () => {
  const [one, two] = [viewerOf("1"), viewerOf("2")];
  ask(one);
  ask(two);
  await rest();
  expect(desk.viewersOf(session)).toBe(2);
  ask(one, null, { isOver: true });
  expect([desk.viewersOf(session), closed]).toEqual([1, 0]);
  ask(two, null, { isOver: true });
  expect([desk.viewersOf(session), closed]).toEqual([0, 1]);
  const count = sent.length;
  write(10);
  await rest();
  expect(sent).toHaveLength(count);
});

test("a session that is not there, and one whose output cannot be had, are refused with the reason", async () => {
  ask(viewerOf("1"), null, { session: SessionName.parse("deploy-8") });
  failure = new ChimeraError("file-unreadable", "its log is gone");
  ask(viewerOf("2"));
  await rest();
  expect(headsTo(viewerOf("1"))).toEqual([
    { kind: "refused", code: "not-found", message: "there is no session deploy-8" },
  ]);
  expect(headsTo(viewerOf("2")).at(-1)).toEqual({
    kind: "refused",
    code: "file-unreadable",
    message: "its log is gone",
  });
  expect(desk.viewersOf(session)).toBe(0);
});

test("a crowd is refused, and keeps nobody who watches from watching", async () => {
  for (let index = 0; index < 70; index += 1) ask(ViewerId.parse(index.toString(16).padStart(32, "0")));
  await rest();
  expect(desk.viewersOf(session)).toBe(64);
  expect(sent.filter(({ frame }) => frame.head.kind === "refused")).toHaveLength(6);
});

test("who is silent for too long is gone", async () => {
  vi.useFakeTimers();
  try {
    desk.close();
    const quiet = createViewDesk({
      open: () => null,
      facts: () => facts,
      send: () => undefined,
      nowMs: () => nowMs,
      log: createLog({ fields: {}, write: () => undefined }),
    });
    quiet.take({ v: 1, view: { session, viewer: viewerOf("1"), seen: null, isOver: false } });
    nowMs = viewerGoneMs;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(quiet.viewersOf(session)).toBe(1);
    nowMs = viewerGoneMs + 1;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(quiet.viewersOf(session)).toBe(0);
    quiet.close();
  } finally {
    vi.useRealTimers();
  }
});
