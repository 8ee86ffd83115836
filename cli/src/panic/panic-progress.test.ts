import { Digest, NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { createTestNode } from "../../test/fixture/test-node.ts";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { checkView } from "../fleet/check-view.ts";
import { blockLines, newsLines, newsSince } from "./panic-news.ts";
import { isPanicOver, nextProgress, released, wordOf } from "./panic-progress.ts";

const fleet = createSignedFleet(["a", "b"]);
const head = fleet.head(7, fleet.world());
const panic = Digest.parse("ab".repeat(32));
const [a, b] = [NodeName.parse("a"), NodeName.parse("b")];
const goals = [a, b].map((node) => ({ node, nodeKey: fleet.node(node).nodeKey }));
const keys = new Map(goals.map(({ node, nodeKey }) => [node, nodeKey]));
const at = "2026-11-29T12:00:00.000Z";
const none = { ack: at, active: null, pointer: null, boot: null };

interface Said {
  times?: object;
  status?: object;
  /** Of the panic. */
  id?: string;
}

function viewOf(node: NodeName, { times = {}, status = {}, id = panic }: Said = {}) {
  const receipt = fleet.receipt(node, head, {
    document: { kind: "panic", id, epoch: 0, serial: 7 },
    target: null,
    times: { ...none, ...times },
  });
  return {
    ...createTestNode(node).reporting({ fleetId: fleet.fleetId, receipt, ...status }),
    verified: true,
  };
}

const look = (views: ReturnType<typeof viewOf>[], atMs: number) => ({
  panics: new Set([panic]),
  words: views.flatMap((view) => wordOf(view) ?? []),
  keys,
  atMs,
});

test("each mark keeps the time at which it was first seen, and the panic is over when everybody boots the world before", () => {
  const first = nextProgress(released(goals), look([viewOf(a)], 300));
  expect(first.map(({ marks }) => marks.ack)).toEqual([300, null]);
  const second = nextProgress(
    first,
    look(
      [viewOf(a, { times: { active: at } }), viewOf(b, { times: { active: at, pointer: at, boot: at } })],
      900,
    ),
  );
  expect(second[0]?.marks).toEqual({ ack: 300, active: 900, pointer: null, boot: null });
  expect(isPanicOver(second)).toBe(false);
  expect(newsSince(first, second, 900)).toEqual([
    { type: "mark", node: "b", mark: "ack", ms: 900 },
    { type: "mark", node: "a", mark: "active", ms: 900 },
    { type: "mark", node: "b", mark: "active", ms: 900 },
    { type: "mark", node: "b", mark: "pointer", ms: 900 },
    { type: "mark", node: "b", mark: "boot", ms: 900 },
  ]);
  expect(newsLines(newsSince(first, second, 900), second, 900)).toEqual([
    "0.9 s: 2 of 2 acknowledged: b",
    "0.9 s: 2 of 2 active: a, b",
    "0.9 s: 1 of 2 in the profile: b",
    "0.9 s: 1 of 2 boot it: b",
  ]);
  expect(blockLines(second, 1234)).toEqual([
    "1.2 s",
    "  acknowledged    2 of 2",
    "  active          2 of 2",
    "  in the profile  1 of 2, 1 missing: a",
    "  boot it         1 of 2, 1 missing: a",
  ]);
  expect(newsSince(second, second, 1300)).toEqual([]);
  const last = nextProgress(
    second,
    look([viewOf(a, { times: { active: at, pointer: at, boot: at } })], 1500),
  );
  expect(isPanicOver(last)).toBe(true);
});

test("a node that had only begun with the head is waited for until it runs the world before", () => {
  const begun = nextProgress(
    released(goals.slice(0, 1)),
    look([viewOf(a, { times: { pointer: at, boot: at } })], 100),
  );
  expect(begun[0]?.marks).toEqual({ ack: 100, active: null, pointer: 100, boot: 100 });
  expect(isPanicOver(begun)).toBe(false);
});

test("a node that cannot go back is named with its reason, and not waited for", () => {
  const problem = { code: "activation-failed", message: "nothing to go back to", at };
  const failed = nextProgress(
    released(goals),
    look([viewOf(a, { status: { state: "panic-no-target", problem } })], 300),
  );
  expect(failed[0]).toMatchObject({
    state: "panic-no-target",
    problem: "panic-no-target: nothing to go back to",
  });
  const news = newsSince(released(goals), failed, 300);
  expect(newsLines(news, failed, 300)).toEqual([
    "0.3 s: 1 of 2 acknowledged: a",
    "0.3 s: a needs a person: panic-no-target: nothing to go back to",
  ]);
  expect(newsSince(failed, failed, 400)).toEqual([]);
  expect(blockLines(failed, 300)).toEqual([
    "0.3 s",
    "  acknowledged    1 of 2, 1 missing: b",
    "  active          0 of 2, 1 missing: b",
    "  in the profile  0 of 2, 1 missing: b",
    "  boot it         0 of 2, 1 missing: b",
    "  1 need a person: a",
  ]);
});

test("what is about another panic, by another key, or in a status that its node did not sign, counts for nothing", () => {
  const other = viewOf(a, { times: { active: at }, id: "cd".repeat(32) });
  const strangers = new Map([...keys, [a, fleet.node(b).nodeKey]]);
  const unsigned = checkView(viewOf(a), fleet.fleetId, (node) => keys.get(node) ?? null);
  for (const seen of [
    nextProgress(released(goals), look([other], 300)),
    nextProgress(released(goals), { ...look([viewOf(a)], 300), keys: strangers }),
    nextProgress(released(goals), look([unsigned], 300)),
  ]) {
    expect(seen).toEqual(released(goals));
  }
});

test("of many that are missing the first ten are named, and how many more there are", () => {
  const many = Array.from({ length: 12 }, (_, i) => NodeName.parse(`n${i}`));
  const { nodeKey } = fleet.node("a");
  const [, first] = blockLines(released(many.map((node) => ({ node, nodeKey }))), 0);
  expect(first).toBe(
    "  acknowledged    0 of 12, 12 missing: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more",
  );
});
