/** Viewers of a session whose output is lost, or cannot be drawn: each hears so in the end, and nothing is tried without a pause. */
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import { decodeFrame, type FrameHead } from "@chimera/proto/sessions/session-frame";
import { SessionName, StreamId } from "@chimera/proto/sessions/session";
import { sessionFacts } from "@chimera/proto/sessions/session-fixture";
import { ViewerId } from "@chimera/proto/sessions/view-ask";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createOutputRing } from "../../sessions/output-ring.ts";
import type { OutputSource } from "../../sessions/output-source.ts";
import { createViewDesk, type ViewDesk } from "./view-desk.ts";

const session = SessionName.parse("deploy-7");
const viewer = ViewerId.parse("1".repeat(32));
const facts = sessionFacts(session);
const log = createLog({ fields: {}, write: () => undefined });
const size = { columns: 80, rows: 24 };

let ring = createOutputRing(1 << 20);
let heads: FrameHead[] = [];
let [heard, closed, opened, drawn] = [0, 0, 0, 0];
let lost: string | null = null;
let undrawn: ChimeraError | null = null;
let onOutput = (): void => undefined;
let desk: ViewDesk;

const source: OutputSource = {
  stream: StreamId.parse("0123456789abcdef"),
  held: () => ({ from: ring.from, to: ring.to }),
  read: (from, most) => ring.read(from, most),
  isCounted: () => true,
  lost: () => lost,
  picture() {
    drawn += 1;
    if (undrawn !== null) return Promise.reject(undrawn);
    return Promise.resolve({ history: Buffer.alloc(0), screen: Buffer.from("now"), at: ring.to, size });
  },
  close: () => (closed += 1),
};

beforeEach(() => {
  [ring, heads, heard, closed, opened, drawn] = [createOutputRing(1 << 20), [], 0, 0, 0, 0];
  [lost, undrawn] = [null, null];
  desk = createViewDesk({
    open(_, told) {
      onOutput = told;
      opened += 1;
      return Promise.resolve(source);
    },
    facts: () => facts,
    send(_, bytes) {
      const frame = decodeFrame(bytes);
      if (frame === null) throw new Error("no frame");
      heads.push(frame.head);
      if (frame.head.kind === "output") heard += frame.bytes.length;
    },
    nowMs: () => 0,
    log,
  });
});
afterEach(() => desk.close());

const ask = (): void => desk.take({ v: 1, view: { session, viewer, seen: null, isOver: false } });
const write = (bytes: number): void => {
  ring.append(new Uint8Array(bytes).fill(97));
  onOutput();
};

test("what cannot be drawn is not drawn again and again, and whoever waits for it is told", async () => {
  undrawn = new ChimeraError("tool-failed", "tmux says nothing");
  ask();
  await sleep(1_500);
  expect(drawn).toBe(2);
  await sleep(3_000);
  expect(drawn).toBe(5);
  const refused = { kind: "refused", code: "tool-failed", message: "tmux says nothing" };
  expect(heads.at(-1)).toEqual(refused);
  expect(desk.viewersOf(session)).toBe(0);
});

test("what is lost again and again is opened ever more rarely, and then its viewers are told", async () => {
  vi.useFakeTimers();
  try {
    ask();
    await vi.advanceTimersByTimeAsync(100);
    lost = "somebody killed it";
    write(3);
    await vi.advanceTimersByTimeAsync(900);
    // What had come before is sent all the same.
    expect(heard).toBe(3);
    expect(opened).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(opened).toBe(5);
    expect(heads.at(-1)).toEqual({
      kind: "refused",
      code: "tool-failed",
      message: "its terminal is not heard any more: somebody killed it",
    });
    expect([desk.viewersOf(session), closed]).toEqual([0, 5]);
  } finally {
    vi.useRealTimers();
  }
});

test("an opening that fails late takes nothing from who came back meanwhile", async () => {
  const openings: PromiseWithResolvers<OutputSource>[] = [];
  const late = createViewDesk({
    open() {
      const opening = Promise.withResolvers<OutputSource>();
      openings.push(opening);
      return opening.promise;
    },
    facts: () => facts,
    send: () => undefined,
    nowMs: () => 0,
    log,
  });
  const view = { session, viewer, seen: null, isOver: false };
  late.take({ v: 1, view });
  late.take({ v: 1, view: { ...view, isOver: true } });
  late.take({ v: 1, view });
  openings[0]?.reject(new ChimeraError("tool-failed", "late"));
  await sleep(50);
  expect([openings.length, late.viewersOf(session)]).toEqual([2, 1]);
  late.close();
});
