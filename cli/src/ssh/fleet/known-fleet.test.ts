/** What a fleet runs by its operator's copy and its nodes' words: the newest that is signed, and nothing that is not. */
import { maxLease, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { seal } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { worldId } from "@chimera/proto/signed/world";
import { NodeName } from "@chimera/proto/names";
import { createSignedFleet } from "../../../test/fixture/signed-fleet.ts";
import type { Trust } from "../../fleet/verify-documents.ts";
import { knownFleet, longerChain, provenWorld, type Shown } from "./known-fleet.ts";

const fleet = createSignedFleet(["a", "b", "c"]);
const { fleetId } = fleet;
const nowMs = Date.parse("2026-11-23T12:00:00.000Z");
const trust: Trust = {
  fleetId,
  roles: fleet.roles,
  chain: fleet.chain,
  known: new Set(),
  vouched: undefined,
};
const nothing: Shown = { head: null, panic: null, rollout: null };
const seven = fleet.head(7, fleet.world());
const eight = fleet.head(8, fleet.world(), { previous: seven.id });
const known = (...shown: Partial<Shown>[]) =>
  knownFleet(
    shown.map((one) => ({ ...nothing, ...one })),
    trust,
    nowMs,
  );

test("the highest signed head of all counts, whoever has it; without any there is none", () => {
  expect(known({ head: seven.envelope }, { head: eight.envelope }, {}).head?.id).toBe(eight.id);
  expect(known({ head: eight.envelope }, { head: seven.envelope }).head?.id).toBe(eight.id);
  expect(known({}, {})).toMatchObject({ head: null, effective: { kind: "none" } });
});

test.each([
  ["a key that is not the fleet's", fleet.head(9, fleet.world(), { by: fleet.signer("stranger") })],
  ["the panic key", fleet.head(9, fleet.world(), { by: fleet.signer("panic") })],
  ["another fleet's", fleet.head(9, fleet.world(), { fleetId: "0".repeat(64) })],
])("a head by %s is left out, and keeps nobody from the others", (_, forged) => {
  expect(known({ head: seven.envelope }, { head: forged.envelope }).head?.id).toBe(seven.id);
});

test("a head of a key that was retired since counts only where it was seen before", () => {
  const others = createSignedFleet(["a"]);
  const rotated = { ...trust, roles: others.roles };
  const shown = [{ ...nothing, head: seven.envelope }];
  expect(knownFleet(shown, rotated, nowMs).head).toBeNull();
  expect(knownFleet(shown, { ...rotated, known: new Set([seven.id]) }, nowMs).head?.id).toBe(seven.id);
});

test("a panic counts for the newest head alone, and by the panic role", () => {
  const undo = fleet.panic(eight);
  expect(known({ head: eight.envelope }, { panic: undo.envelope })).toMatchObject({
    panic: { id: undo.id },
    effective: { kind: "panic" },
  });
  expect(known({ head: eight.envelope, panic: fleet.panic(seven).envelope }).panic).toBeNull();
  const forged = fleet.panic(eight, { by: fleet.signer("publish") });
  expect(known({ head: eight.envelope, panic: forged.envelope }).panic).toBeNull();
});

test("a rollout that nodes say returned is a claim: nothing is built on it, whatever its lease and time", () => {
  const before = worldId([fleet.leaf("a")]);
  const consent = { revertTo: before, consentUntil: "2026-11-20T13:00:00.000Z" };
  const head = fleet.head(8, fleet.world(), consent);
  const record: RolloutRecord = {
    v: 1,
    head: head.id,
    lease: maxLease,
    phase: "returned",
    reason: "",
    at: "2026-11-20T12:00:00.000Z",
  };
  const claimed = (change: Partial<RolloutRecord>) =>
    known({ head: head.envelope, rollout: { ...record, ...change } });
  expect(claimed({})).toMatchObject({
    isReturnClaimed: true,
    effective: { kind: "head", world: worldId(fleet.world()) },
  });
  expect(claimed({ head: seven.id }).isReturnClaimed).toBe(false);
  expect(claimed({ phase: "committed" }).isReturnClaimed).toBe(false);
  expect(claimed({ at: "2026-11-20T14:00:00.000Z" }).isReturnClaimed).toBe(false);
  // One record cannot hide another one either.
  const other = { ...record, phase: "committed" as const };
  const both = known({ head: head.envelope, rollout: other }, { rollout: { ...record, lease: 1 } });
  expect(both.isReturnClaimed).toBe(true);
});

test("a world is made of the nodes' own proofs, where all of them are there", () => {
  const shown = ["a", "b", "c"].map((name) => ({
    node: NodeName.parse(name),
    proofs: [fleet.proof(fleet.head(3, [fleet.leaf(name)]), name), fleet.proof(seven, name)],
  }));
  const world = worldId(fleet.world());
  expect(provenWorld(world, shown, fleetId).map(({ node }) => node)).toEqual(["a", "b", "c"]);
  expect(() => provenWorld(world, shown.slice(1), fleetId)).toThrow(
    expect.objectContaining({
      code: "world-unknown",
      message: expect.stringMatching(/2 nodes .*--world FILE/u),
    }),
  );
  const [first, second] = shown;
  if (first === undefined || second === undefined) throw new Error("there are three");
  const swapped = [{ ...first, proofs: second.proofs }, ...shown.slice(1)];
  expect(() => provenWorld(world, swapped, fleetId)).toThrow(
    expect.objectContaining({ code: "world-unknown" }),
  );
});

test("key sets go on from the operator's own, one by one, and never over a gap or by a stranger", () => {
  const [one] = fleet.chain;
  if (one === undefined) throw new Error("no keys");
  const next = (version: number, by = fleet.signer("root")) =>
    seal("keys", { ...one.set, version, fleetId }, [by]);
  const versions = (...shown: Parameters<typeof longerChain>[1]) =>
    longerChain(fleet.chain, shown).map(({ set }) => set.version);
  expect(versions(next(3), null, next(2))).toEqual([1, 2, 3]);
  expect(versions(next(3))).toEqual([1]);
  expect(versions(next(2, fleet.signer("stranger")))).toEqual([1]);
  expect(versions()).toEqual([1]);
});
