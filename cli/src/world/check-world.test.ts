/** A world that is not what it claims is named by the first thing that does not hold. */
import { expect, test } from "vitest";
import { WorldId } from "@chimera/proto/names";
import { worldId } from "@chimera/proto/signed/world";
import { createSignedFleet, toplevel } from "../../test/fixture/signed-fleet.ts";
import { checkSize, checkWorld } from "./check-world.ts";

const fleet = createSignedFleet(["a", "b", "c"]);
const leaves = fleet.world();
const id = worldId(leaves);
const [a, b, c] = leaves;
const { fleetId } = fleet;

test("a whole world holds, with its root as its id", () => {
  expect(checkWorld({ v: 1, leaves }, { id, fleetId })).toEqual({ id, leaves });
  expect(checkWorld({ v: 1, leaves }, { id: null, fleetId }).id).toBe(id);
});

type Refusal = [code: string, says: RegExp];

test.each<[string, unknown, Refusal]>([
  [
    "a leaf that was swapped",
    [a, fleet.leaf("b", toplevel("evil")), c],
    ["hash-mismatch", /a leaf was changed/u],
  ],
  ["a leaf that was taken away", [a, b], ["hash-mismatch", /taken away/u]],
  ["two leaves of one node", [a, b, b, c], ["input-invalid", /node b has two leaves/u]],
  ["leaves out of order", [a, c, b], ["input-invalid", /b stands after c/u]],
  [
    "a leaf of another fleet",
    [a, createSignedFleet(["b"]).leaf("b"), c],
    ["fleet-mismatch", /the leaf of b/u],
  ],
  ["no leaf", [], ["input-invalid", /not a world/u]],
  ["leaves that are no list", { length: 3 }, ["input-invalid", /not a world: leaves/u]],
  [
    "a toplevel outside the store",
    [{ ...a, toplevel: "/etc/passwd" }],
    ["input-invalid", /leaves.0.toplevel/u],
  ],
])("%s is refused", (_, wrong, [code, says]) => {
  expect(() => checkWorld({ v: 1, leaves: wrong }, { id, fleetId })).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(says) }),
  );
});

test("a million wrong leaves are described by the first few", () => {
  const wrong = Array.from({ length: 10_000 }, () => ({}));
  let message = "";
  try {
    checkWorld({ v: 1, leaves: wrong }, { id, fleetId });
  } catch (error) {
    message = error instanceof Error ? error.message : "";
  }
  expect(message).toMatch(/^not a world/u);
  expect(message.length).toBeLessThan(1000);
});

test("what is no object at all is refused, however deep", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
  for (const wrong of [null, 7, "world", deep, { v: 2, leaves }]) {
    expect(() => checkWorld(wrong, { id, fleetId })).toThrow(
      expect.objectContaining({ code: "input-invalid" }),
    );
  }
});

test("the head must name this world and its number of leaves", () => {
  const world = { id, leaves };
  expect(() => checkSize(world, { world: id, size: 3, serial: 1 })).not.toThrow();
  expect(() => checkSize(world, { world: id, size: 4, serial: 1 })).toThrow(/signed for 4 leaves/u);
  expect(() => checkSize(world, { world: WorldId.parse("0".repeat(64)), size: 3, serial: 1 })).toThrow(
    expect.objectContaining({ code: "hash-mismatch" }),
  );
});
