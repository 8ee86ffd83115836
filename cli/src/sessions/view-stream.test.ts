/** Frames that come twice, late, in pieces, or not at all. */
import type { Frame } from "@chimera/proto/sessions/session-frame";
import { StreamId } from "@chimera/proto/sessions/session";
import { expect, test } from "vitest";
import { createViewStream, type Viewed } from "./view-stream.ts";

const stream = StreamId.parse("0123456789abcdef");
const other = StreamId.parse("f".repeat(16));
const size = { columns: 80, rows: 24 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const output = (from: number, text: string, of = stream): Frame => ({
  head: { kind: "output", stream: of, from },
  bytes: bytes(text),
});
const picture = (text: string, over: Partial<Extract<Frame["head"], { kind: "screen" }>> = {}): Frame => ({
  head: {
    kind: "screen",
    stream,
    at: 10,
    size,
    history: 4,
    lost: null,
    isFirst: true,
    isLast: true,
    ...over,
  },
  bytes: bytes(text),
});
const words = (viewed: readonly Viewed[]): string[] =>
  viewed.map((one) => {
    if (one.kind === "output") return `output ${new TextDecoder().decode(one.bytes)}`;
    if (one.kind === "screen")
      return `screen ${new TextDecoder().decode(one.history)}|${new TextDecoder().decode(one.screen)}`;
    if (one.kind === "gap") return `gap ${one.bytes ?? "?"}`;
    return one.kind === "again" ? `again from ${one.seen.to}` : one.kind;
  });
const play = (frames: readonly Frame[], from: Parameters<typeof createViewStream>[0] = null): string[] => {
  const view = createViewStream(from);
  return frames.flatMap((frame) => words(view.take(frame)));
};

test("a picture, and what follows it", () => {
  expect(play([picture("old\nnow"), output(10, "abc"), output(13, "d")])).toEqual([
    "screen old\n|now",
    "output abc",
    "output d",
  ]);
});

test("what came before says nothing again, also in part", () => {
  expect(play([picture("old\nnow"), output(10, "abc"), output(10, "abc"), output(11, "bcde")])).toEqual([
    "screen old\n|now",
    "output abc",
    "output de",
  ]);
});

test("what is missing is asked for from there, and nothing is shown over it", () => {
  const view = createViewStream();
  view.take(picture("old\nnow"));
  expect(words(view.take(output(12, "c")))).toEqual(["again from 10"]);
  expect(view.seen()).toEqual({ stream, to: 10 });
  expect(words(view.take(output(10, "abc")))).toEqual(["output abc"]);
});

test("after a break it goes on without a picture; what is gone by then is a gap with its size", () => {
  const from = { stream, to: 100 };
  expect(play([output(100, "more")], from)).toEqual(["output more"]);
  expect(play([picture("old\nnow", { at: 900, lost: 800 })], from)).toEqual(["gap 800", "screen old\n|now"]);
  expect(play([picture("old\nnow", { at: 900 })], from)).toEqual(["gap ?", "screen old\n|now"]);
});

test("a picture in parts is shown when it is whole, and half of one never", () => {
  const [first, last] = [picture("ol", { isLast: false }), picture("d\nnow", { isFirst: false })];
  expect(play([first, last])).toEqual(["screen old\n|now"]);
  expect(play([last, output(10, "x")])).toEqual([]);
  expect(play([first, first, last])).toEqual(["screen old\n|now"]);
});

test("a picture without end is given up, and the next one is shown", () => {
  const view = createViewStream();
  const part = { ...picture("", { isLast: false }), bytes: new Uint8Array(65_536) };
  const more = { ...picture("", { isFirst: false, isLast: false }), bytes: new Uint8Array(65_536) };
  view.take(part);
  for (let round = 0; round < 300; round += 1) expect(view.take(more)).toEqual([]);
  expect(view.take(picture("", { isFirst: false }))).toEqual([]);
  expect(words(view.take(picture("old\nnow")))).toEqual(["screen old\n|now"]);
});

test("output of another stream is not taken for this one's", () => {
  expect(play([output(0, "x"), picture("old\nnow"), output(10, "y", other)])).toEqual(["screen old\n|now"]);
});

test("whatever is lost, doubled or late on the line, what is shown is the output in one piece", () => {
  const text = Array.from({ length: 3000 }, (_, index) => `${index} `).join("");
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % below;
  };
  let view = createViewStream({ stream, to: 0 });
  let [shown, sentTo, rounds] = ["", 0, 0];
  while (shown.length < text.length && rounds < 100_000) {
    rounds += 1;
    const length = 1 + random(40);
    const frame = output(sentTo, text.slice(sentTo, sentTo + length));
    sentTo = Math.min(text.length, sentTo + length);
    if (random(10) === 0) continue;
    const viewed = [...view.take(frame), ...(random(5) === 0 ? view.take(frame) : [])];
    shown += viewed.map((one) => (one.kind === "output" ? new TextDecoder().decode(one.bytes) : "")).join("");
    const again = viewed.find((one) => one.kind === "again");
    if (again !== undefined) [view, sentTo] = [createViewStream(again.seen), again.seen.to];
    // What is lost last shows by nothing: the viewer asks again now and then.
    if (sentTo === text.length) sentTo = view.seen()?.to ?? 0;
  }
  expect(shown).toBe(text);
});
