// A terminal that writes as fast as it can, one viewer who keeps up, one who says nothing, and others who come and go. systemd and tmux are real.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodeFrame, type FrameHead } from "@chimera/proto/sessions/session-frame";
import { unseenBytes, type ViewAsk } from "@chimera/proto/sessions/view-ask";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newViewer } from "../control/sessions/viewer-fixture.ts";
import { nameOf, shell } from "../host/sessions/sessions-fixture.ts";
import { createViewedMachine, type ViewedMachine } from "./viewed-machine-fixture.ts";

let viewed: ViewedMachine;

beforeAll(async () => {
  viewed = await createViewedMachine();
});
afterAll(() => viewed.dispose());

const session = nameOf("fast");
const size = { columns: 80, rows: 24 };
const lastLine = 3_000_000;

interface Watcher {
  heard: number;
  screens: Extract<FrameHead, { kind: "screen" }>[];
  leave: () => void;
}

/** @param take each piece; null: a picture, with which something else begins */
function watch(
  keepsUp: "keeps up" | "says nothing",
  take: (bytes: Buffer | null) => void = () => undefined,
): Watcher {
  const viewer = newViewer();
  const ask = (seen: ViewAsk["view"]["seen"], isOver = false): void =>
    viewed.post.takeLocal({ v: 1, view: { session, viewer, seen, isOver } }, onFrame);
  const watcher: Watcher = { heard: 0, screens: [], leave: () => ask(null, true) };
  const onFrame = (data: Uint8Array): void => {
    const frame = decodeFrame(data);
    if (frame?.head.kind === "screen") {
      if (frame.head.isFirst) watcher.screens.push(frame.head);
      if (frame.head.isLast) take(null);
      if (keepsUp === "keeps up") ask({ stream: frame.head.stream, to: frame.head.at });
    }
    if (frame?.head.kind !== "output") return;
    watcher.heard += frame.bytes.length;
    take(Buffer.from(frame.bytes));
    const to = frame.head.from + frame.bytes.length;
    if (keepsUp === "keeps up") ask({ stream: frame.head.stream, to });
  };
  ask(null);
  return watcher;
}

/** How many lines followed the one before them, and how many did not. */
function createCounter() {
  let [rest, last, isWhole] = ["", 0, false];
  const counted = { lines: 0, breaks: 0, last: () => last };
  const line = (text: string): void => {
    const number = Number(text);
    if (isWhole && last !== 0) {
      counted.lines += 1;
      if (number !== last + 1) counted.breaks += 1;
    }
    // What follows a picture first may be the rest of a line.
    [last, isWhole] = [isWhole ? number : 0, true];
  };
  return {
    counted,
    take: (bytes: Buffer | null): void => {
      if (bytes === null) [rest, last, isWhole] = ["", 0, false];
      const lines = `${rest}${bytes?.toString("latin1") ?? ""}`.split("\r\n");
      rest = lines.pop() ?? "";
      for (const text of lines) line(text);
    },
  };
}

/** Without what only waits to be collected. */
function keptBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test(
  "who keeps up hears every line, whoever else watches, and the agent keeps no more than it says",
  { timeout: 120_000 },
  async () => {
    await viewed.sessions.start([
      shell("fast", `sleep 1; seq -f %.0f 1 ${lastLine}; sleep 600`, { output: "terminal", size }),
    ]);
    const { counted, take } = createCounter();
    const quick = watch("keeps up", take);
    const slow = watch("says nothing");
    const before = keptBytes();
    let guests = 0;
    await vi.waitFor(
      () => {
        watch("says nothing").leave();
        const guest = watch("says nothing");
        setTimeout(guest.leave, 100);
        guests += 1;
        expect(counted.last()).toBe(lastLine);
      },
      { timeout: 100_000, interval: 200 },
    );
    expect(counted.breaks).toBe(0);
    // Each part that it did not hear was told: tmux goes ahead of an agent that has no CPU for a second.
    expect(counted.lines).toBeGreaterThan(quick.screens.length === 1 ? lastLine - 100 : lastLine / 2);
    expect(slow.heard).toBeLessThanOrEqual(unseenBytes);
    expect(guests).toBeGreaterThan(10);
    // What goes by leaves nothing behind but the ring, of some 26 MB.
    expect(keptBytes() - before).toBeLessThan(16 << 20);
  },
);
