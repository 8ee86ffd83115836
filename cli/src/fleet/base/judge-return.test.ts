/** Whether a fleet went back: by what its nodes sign, never by the record that one of them shows. */
import { worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { createSignedFleet, toplevel } from "../../../test/fixture/signed-fleet.ts";
import { checkView, nodeKeysOf } from "../check-view.ts";
import { isBorneOut, weighReturn } from "./judge-return.ts";

const names = ["a", "b", "c", "d"];
const fleet = createSignedFleet(names);
const { fleetId } = fleet;
// d has the same system in both worlds: it can say nothing about them.
const before = names.map((name) => (name === "d" ? fleet.leaf(name) : fleet.leaf(name, toplevel("old"))));
const head = fleet.head(7, fleet.world(), { revertTo: worldId(before) });
const at = "2026-11-23T12:00:00.000Z";
const accepted = { epoch: 0, serial: 7, id: head.id, world: worldId(head.leaves), acceptedAt: at };
const says = (name: string, state: string, current: string) =>
  fleet.node(name).reporting({
    fleetId,
    state,
    accepted,
    system: { current, booted: null, profile: null, bootDefault: null },
  });
const back = (name: string) => says(name, "reverted", toplevel("old"));
const committed = (name: string) => says(name, "committed", toplevel(name));
const weighed = (...views: ReturnType<typeof says>[]) => {
  const keyOf = nodeKeysOf(head.leaves);
  return weighReturn(
    head,
    { head: head.leaves, before },
    views.map((view) => checkView(view, fleetId, keyOf)),
  );
};

test.each([
  ["all that answer are back", [back("a"), back("b")], true],
  ["one lies, and the others have committed", [back("a"), committed("b"), committed("c")], false],
  ["most are back, and one has committed", [back("a"), back("b"), committed("c")], false],
  ["one alone answers", [back("a")], false],
  [
    "two of three are back, the third is on its way",
    [back("a"), back("b"), says("c", "activating", toplevel("c"))],
    true,
  ],
  ["a node that is the same in both worlds says so", [says("d", "reverted", toplevel("d"))], false],
  ["nobody answers", [], false],
])("%s", (_, views, expected) => {
  expect(isBorneOut(weighed(...views))).toBe(expected);
});

test("what a node signs for another one counts for nobody", () => {
  const { envelope } = back("a");
  if (envelope === undefined) throw new Error("it is signed");
  const forged = { ...fleet.node("b").silent(), envelope };
  expect(weighed(forged)).toEqual({ answered: 0, back: 0, committed: 0, concerned: 3 });
});
