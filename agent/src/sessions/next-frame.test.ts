import { unseenBytes } from "@chimera/proto/sessions/view-ask";
import { maxFrameBytes } from "@chimera/proto/sessions/session-frame";
import { expect, test } from "vitest";
import { nextFrame, type ViewerSight } from "./next-frame.ts";

const at = (over: Partial<ViewerSight>): ViewerSight => ({
  sentTo: 1000,
  seenTo: 1000,
  held: { from: 500, to: 1010 },
  ...over,
});

test.each([
  ["who is new gets the screen", at({ sentTo: null }), { kind: "screen", lost: null }],
  ["who has all of it gets nothing", at({ sentTo: 1010 }), { kind: "nothing" }],
  ["what came since is sent", at({}), { kind: "output", from: 1000, bytes: 10 }],
  [
    "no more than a frame at once",
    at({ held: { from: 0, to: 1e9 } }),
    { kind: "output", from: 1000, bytes: maxFrameBytes },
  ],
  [
    "who does not keep up gets the rest of its share",
    at({ sentTo: 1000 + unseenBytes - 7, held: { from: 0, to: 1e9 } }),
    { kind: "output", from: 1000 + unseenBytes - 7, bytes: 7 },
  ],
  ["and then nothing", at({ sentTo: 1000 + unseenBytes, held: { from: 0, to: 1e9 } }), { kind: "nothing" }],
  [
    "not even a screen, before it has seen what is under way",
    at({ sentTo: 1000 + unseenBytes, held: { from: 1e8, to: 1e9 } }),
    { kind: "nothing" },
  ],
  [
    "what is no longer here is lost, and said to be",
    at({ held: { from: 5000, to: 9000 } }),
    { kind: "screen", lost: 8000 },
  ],
] as const)("%s", (_, sight, wanted) => {
  expect(nextFrame(sight)).toEqual(wanted);
});

test("a viewer that sees a little at a time never has more under way than it may, and in the end has all", () => {
  const held = { from: 0, to: 10_000_000 };
  let [sentTo, seenTo] = [0, 0];
  for (let round = 0; round < 100_000 && seenTo < held.to; round += 1) {
    const next = nextFrame({ sentTo, seenTo, held });
    if (next.kind === "output") sentTo = next.from + next.bytes;
    else if (next.kind === "nothing") seenTo = Math.min(sentTo, seenTo + 10_007);
    else throw new Error("nothing was to be lost");
    expect(sentTo - seenTo).toBeLessThanOrEqual(unseenBytes);
  }
  expect(seenTo).toBe(held.to);
});
