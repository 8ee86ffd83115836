import { SessionName, StreamId } from "@chimera/proto/sessions/session";
import { ViewerId } from "@chimera/proto/sessions/view-ask";
import { expect, test } from "vitest";
import { createViewer, createWatched, dropSource, leftAlone, type Watched } from "./watched.ts";

const watched = (name: string, aloneMs: number | null): Watched => ({
  ...createWatched(SessionName.parse(name)),
  aloneMs,
});
const left = (all: readonly Watched[], nowMs: number): string[] =>
  leftAlone(all, nowMs).map(({ session }) => session);

test("what nobody watches is listened to for five minutes, what somebody watches for ever", () => {
  const all = [watched("watched", null), watched("short", 250_000), watched("long", 100_000)];
  expect(left(all, 400_000)).toEqual([]);
  expect(left(all, 400_001)).toEqual(["long"]);
});

test("of too many those are left that nobody has watched for longest", () => {
  const all = Array.from({ length: 34 }, (_, index) => watched(`s${index}`, 1000 - index));
  expect(left(all, 1000)).toEqual(["s32", "s33"]);
});

test("when a source is over who has all of it needs nothing more, and who was behind begins anew", () => {
  const one = watched("over", null);
  const [done, behind] = ["1", "2"].map((digit) => createViewer(ViewerId.parse(digit.repeat(32)), null, 0));
  if (done === undefined || behind === undefined) throw new Error("no viewers");
  [done.sentTo, behind.sentTo] = [100, 40];
  for (const viewer of [done, behind]) one.viewers.set(viewer.id, viewer);
  let closed = 0;
  one.source = {
    stream: StreamId.parse("0".repeat(16)),
    held: () => ({ from: 0, to: 100 }),
    read: () => new Uint8Array(0),
    isCounted: () => true,
    lost: () => null,
    picture: () => Promise.reject(new Error("nobody asks")),
    close: () => (closed += 1),
  };
  dropSource(one);
  expect([one.source, closed]).toEqual([null, 1]);
  expect([done.isDone, behind.isDone, behind.sentTo]).toEqual([true, false, null]);
});
