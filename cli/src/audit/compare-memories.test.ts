import { NodeView } from "@chimera/proto/api";
import { carriedOf } from "@chimera/proto/audit/audit-checkpoint";
import { expect, test } from "vitest";
import { createTestNode } from "../../test/fixture/test-node.ts";
import { compareMemories, type Memory } from "./compare-memories.ts";
import { nodeMemories } from "./node-memories.ts";
import { Digest, FleetId } from "@chimera/proto/names";

const digest = (letter: string) => Digest.parse(letter.repeat(64));
const log = {
  size: 10,
  roots: new Map([
    [4, digest("4")],
    [8, digest("8")],
    [10, digest("a")],
  ]),
};
const signed = (size: number, root: string): Memory => ({
  who: "the online key",
  kind: "signed",
  size,
  root,
  at: null,
});
const node = (size: number, root: string): Memory => ({
  who: "n1",
  kind: "node",
  size,
  root: root.slice(0, 16),
  at: null,
});
const copy = (size: number, root: string): Memory => ({
  who: "this machine's copy",
  kind: "copy",
  size,
  root,
  at: "2026-11-30T12:00:00.000Z",
});

test("who remembers the same, at whatever size, has nothing against the log", () => {
  const memories = [signed(10, digest("a")), copy(8, digest("8")), node(4, digest("4"))];
  const compared = compareMemories(log, memories, 0);
  expect(compared.findings).toEqual([]);
  expect(compared.memories.map(({ state }) => state)).toEqual(["same", "same", "same"]);
});

test("who remembers more entries than there are says which are gone, and who it was", () => {
  expect(compareMemories(log, [copy(13, digest("d"))], 0).findings).toEqual([
    {
      index: 10,
      what: "entries 10 to 12 are missing: cut off, or never shown (this machine's copy knew 13 entries at 2026-11-30T12:00:00.000Z, the log has 10)",
    },
  ]);
  const [found] = compareMemories(log, [signed(10, digest("a")), node(11, digest("b"))], 0).findings;
  expect(found).toMatchObject({
    index: 10,
    what: expect.stringMatching(/^entry 10 is missing.*n1 knew 11/u),
  });
});

test("who remembers another root narrows down where, by what others remember alike", () => {
  const memories = [copy(4, digest("4")), node(8, digest("c")), signed(10, digest("a"))];
  expect(compareMemories(log, memories, 0).findings).toEqual([
    { index: 4, what: "one of the entries 4 to 7 is another one than n1 knew" },
  ]);
  expect(compareMemories(log, [signed(10, digest("e"))], 0).findings).toMatchObject([
    { index: 0, what: "one of the entries 0 to 9 is another one than the online key knew" },
  ]);
});

test("of a log whose loss was accepted nodes may speak, the online key may not", () => {
  const compared = compareMemories(
    log,
    [node(13, digest("d")), node(14, digest("d")), signed(13, digest("d"))],
    13,
  );
  expect(compared.memories.map(({ state }) => state)).toEqual(["lost", "cut", "cut"]);
});

test("nodes that carry the same are one witness; a beat that differs from what its node signed is another", () => {
  const fleetId = FleetId.parse("f".repeat(64));
  const audit = { size: 8, root: digest("8") };
  const at = "2026-11-30T12:00:00.000Z";
  const view = (name: string, fresh: object | null, a?: string): NodeView => {
    const beat = { e: 0, s: 1, p: "committed", at, ...(a === undefined ? {} : { a }) };
    return NodeView.parse({ ...createTestNode(name).reporting({ fleetId, fresh }), beat });
  };
  const forged = {
    ...view("n5", { at, audit: { size: 99, root: digest("9") } }),
    nodeKey: createTestNode("x").nodeKey,
  };
  const found = nodeMemories([
    view("n1", { at, audit }, carriedOf(audit)),
    view("n2", { at }, carriedOf(audit)),
    view("n3", { at, audit }, "99.0123456789abcdef"),
    view("n4", { at }),
    forged,
    view("n6", null, "newer form".replace(" ", ".")),
  ]);
  expect(found.memories).toMatchObject([
    { who: "n1, n2, n3", size: 8 },
    { who: "n3", size: 99, root: "0123456789abcdef" },
  ]);
  expect(found.silent).toEqual(["n4", "n5", "n6"]);
});
