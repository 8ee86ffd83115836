/** How far a fleet is by its nodes' word, and what goes back into a store that lost its data. */
import { describe, expect, test } from "vitest";
import type { NodeView } from "@chimera/proto/api";
import { seal } from "@chimera/proto/signed/envelope";
import { openHead } from "@chimera/proto/signed/head";
import { openPanic } from "@chimera/proto/signed/panic";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { highestReported } from "../fleet/head/highest-reported.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import { sameOrContinues } from "./read-copy.ts";
import { reseedPlan, type Remaining, type VerifiedCopy } from "./reseed-plan.ts";

const fleet = createSignedFleet(["a", "b", "c"]);
const at = "2026-11-23T12:00:00.000Z";
const digest = (letter: string): string => letter.repeat(64);

type Accepted = [serial: number, id: string, more?: { panic?: boolean; epoch?: number }];

function node(name: string, ...[serial, id, more = {}]: Accepted): NodeView {
  const place = { epoch: more.epoch ?? 0, serial, id, acceptedAt: at };
  const panic = more.panic === true ? { ...place, id: digest("9") } : null;
  const accepted = { ...place, world: digest("0") };
  return { ...fleet.node(name).reporting({ fleetId: fleet.fleetId, accepted, panic }), verified: true };
}

describe("the highest reported", () => {
  const known = { epoch: 0, seen: { epoch: 0, serial: 100 } };
  const top = (...nodes: NodeView[]) => highestReported(nodes, known).top;
  test("is the highest place, with who says so", () => {
    expect(
      top(node("a", 7, digest("a")), node("b", 9, digest("b")), node("c", 9, digest("b"))),
    ).toMatchObject({
      place: { serial: 9, rank: 0 },
      id: digest("b"),
      nodes: ["b", "c"],
    });
    expect(top()).toBeNull();
    expect(top(fleet.node("a").silent())).toBeNull();
  });
  test("is a panic before its head, and what most say of one place", () => {
    expect(top(node("a", 7, digest("a"), { panic: true }))).toMatchObject({
      place: { rank: 1 },
      id: digest("9"),
    });
    const nodes = [node("a", 7, digest("1")), node("b", 7, digest("2")), node("c", 7, digest("2"))];
    expect(top(...nodes)).toMatchObject({ id: digest("2") });
  });
  test("is never a claim that is unsigned, beyond the jump, or of an epoch to come", () => {
    const { top: found, ignored } = highestReported(
      [
        { ...node("a", 500, digest("a")), verified: false },
        node("b", 10_100, digest("b")),
        node("c", 1, digest("c"), { epoch: 1 }),
      ],
      known,
    );
    expect(found).toBeNull();
    expect(ignored.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("not signed"),
      expect.stringContaining("more than 9999 above 0.100"),
      expect.stringContaining("epoch 0"),
    ]);
    expect(top(node("b", 10_099, digest("b")))).toMatchObject({ place: { serial: 10_099 } });
  });
});

describe("the plan", () => {
  const six = fleet.head(6, fleet.world());
  const seven = fleet.head(7, fleet.world(), { previous: six.id });
  const panicOf7 = fleet.panic(seven);
  const open = (head: typeof seven) => ({
    ...openHead(head.envelope, fleet.roles.publish),
    envelope: head.envelope,
  });
  const undo = { ...openPanic(panicOf7.envelope, fleet.roles.panic), envelope: panicOf7.envelope };
  const copy: VerifiedCopy = {
    chain: fleet.chain,
    head: open(seven),
    panic: null,
    ready: undo,
    quarantine: null,
  };
  const lost: Remaining = { keySets: 0, head: null, panic: null, ready: null, quarantine: 0 };
  const plan = (changes: Partial<VerifiedCopy>, there: Partial<Remaining>, ...nodes: NodeView[]) => {
    const reported = highestReported(nodes, { epoch: 0, seen: { epoch: 0, serial: 7 } });
    const { steps, notes, isBehind } = reseedPlan({ ...copy, ...changes }, { ...lost, ...there }, reported);
    return { steps: steps.map(({ name }) => name), notes, isBehind };
  };
  const all = ["key set 1", "head 0.7", "prepared panic 0.7+panic"];

  test("puts all back when nodes report exactly the copy's head, or less", () => {
    expect(plan({}, {})).toEqual({ steps: all, notes: [], isBehind: false });
    expect(plan({}, {}, node("a", 7, seven.id), node("b", 5, digest("5"))).steps).toEqual(all);
  });
  test("puts a released panic back too, and nodes that obeyed it are not above it", () => {
    const { steps } = plan({ panic: undo }, {}, node("a", 7, seven.id, { panic: true }));
    expect(steps).toEqual(["key set 1", "head 0.7", "panic 0.7+panic", "prepared panic 0.7+panic"]);
  });
  test("leaves the head away when nodes are further, and says what to exceed", () => {
    const { steps, notes, isBehind } = plan({}, {}, node("b", 9, digest("b")));
    expect({ steps, isBehind }).toEqual({ steps: ["key set 1"], isBehind: true });
    expect(notes).toEqual([expect.stringMatching(/b report 0.9, the copy has 0.7.*exceed serial 9/u)]);
  });
  test("leaves it away when nodes have another head of its place", () => {
    expect(plan({}, {}, node("b", 7, digest("b"))).isBehind).toBe(true);
  });
  test("puts it on top of what it follows, and of nothing else", () => {
    const place = { epoch: 0, serial: 6, rank: 0 };
    expect(plan({}, { keySets: 1, head: { id: six.id, place } }).steps).toContain("head 0.7");
    const other = fleet.head(6, [fleet.leaf("a")]).id;
    expect(plan({}, { keySets: 1, head: { id: other, place } })).toMatchObject({ steps: [], isBehind: true });
  });
  test("touches nothing that the controller still has, and tells of a second head of one place", () => {
    const place = { epoch: 0, serial: 7, rank: 0 };
    expect(plan({}, { keySets: 1, head: { id: seven.id, place }, ready: undo.id })).toEqual({
      steps: [],
      notes: [],
      isBehind: false,
    });
    const other = fleet.head(7, [fleet.leaf("a")]).id;
    expect(plan({}, { keySets: 1, head: { id: other, place } }).notes).toEqual([
      expect.stringContaining("signed two"),
    ]);
  });
});

test("a chain goes on from the copy's, or the copy's from it; a fork is never taken", () => {
  const [one] = fleet.chain;
  if (one === undefined) throw new Error("no keys");
  const next = (days: number) => {
    const expires = new Date(Date.parse(at) + days * 86_400_000).toISOString();
    const set = { ...one.set, version: 2, fleetId: fleet.fleetId, expires };
    return walkFleetKeys([one.envelope, seal("keys", set, [fleet.signer("root")])], fleet.fleetId);
  };
  const longer = next(10);
  expect(sameOrContinues(fleet.chain, longer)).toBe(longer);
  expect(sameOrContinues(longer, fleet.chain)).toBe(longer);
  expect(() => sameOrContinues(longer, next(20))).toThrow(
    expect.objectContaining({ code: "content-conflict" }),
  );
});
