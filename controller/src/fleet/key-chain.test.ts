import { seal } from "@chimera/proto/signed/envelope";
import { openFirstKeySet, openPinnedKeySet } from "@chimera/proto/signed/key-set";
import { expect, test } from "vitest";
import { fleetId, fleetKeys, keySet1, makeKeySet, makeSigner, roleOf } from "../../test/fixture/test-keys.ts";
import { rolesAt, walkChain, type FoundKeySet } from "./key-chain.ts";

const { root, publish } = fleetKeys;
const newPublish = makeSigner("ops-publish");
const second = seal("keys", makeKeySet({ version: 2, fleetId, roles: { publish: roleOf(newPublish) } }), [
  root,
]);
const third = seal("keys", makeKeySet({ version: 3, fleetId, roles: { publish: roleOf(newPublish) } }), [
  root,
]);
const forged = seal("keys", makeKeySet({ version: 2, fleetId }), [makeSigner("ops-root")]);
const first = openFirstKeySet(keySet1);
const at = (version: number, envelope: FoundKeySet["envelope"]): FoundKeySet => ({ version, envelope });

function versions(found: FoundKeySet[], pinned = first) {
  return walkChain(pinned, found).chain.sets.map(({ set }) => set.version);
}

test("walks one by one, in whatever order they were found, and stops at a gap", () => {
  expect(versions([])).toEqual([1]);
  expect(versions([at(3, third), at(2, second), at(1, keySet1)])).toEqual([1, 2, 3]);
  expect(versions([at(3, third)])).toEqual([1]);
});

test("passes over what stands in the way, and says why", () => {
  const { chain, refused } = walkChain(first, [at(2, forged), at(2, keySet1), at(2, second)]);
  expect(chain.newest.set.version).toBe(2);
  expect(refused.map(({ version }) => version)).toEqual([2, 2]);
  expect(refused[0]?.reason).toContain("0 of 1 valid keys signatures");
});

test("keeps the first of two that follow", () => {
  const twin = seal("keys", makeKeySet({ version: 2, fleetId }), [root]);
  expect(walkChain(first, [at(2, twin), at(2, second)]).chain.newest.envelope).toEqual(twin);
});

test("shows what leads to a pinned set only where it comes from the fleet's first and ends in it", () => {
  const pinned = openPinnedKeySet(third, fleetId);
  expect(versions([at(1, keySet1), at(2, second)], pinned)).toEqual([1, 2, 3]);
  expect(versions([at(1, keySet1)], pinned)).toEqual([3]);
  expect(versions([at(1, forged), at(2, second)], pinned)).toEqual([3]);
  const other = seal("keys", makeKeySet({ expires: "2050-01-01T00:00:00.000Z" }), [root]);
  expect(versions([at(1, other), at(2, second)], pinned)).toEqual([3]);
});

test("counts a retired key only for what was stored while it was in force", () => {
  const { chain } = walkChain(first, [at(2, second)]);
  const since = new Map(chain.sets.map(({ id, set }) => [id, set.version * 1000]));
  const keysAt = (storedMs: number) =>
    rolesAt(chain, { role: "publish", storedMs, since }).flatMap(({ keys: { keys } }) => keys);
  expect(keysAt(1500)).toEqual([newPublish.publicKey, publish.publicKey]);
  expect(keysAt(2500)).toEqual([newPublish.publicKey]);
  expect(rolesAt(chain, { role: "fresh", storedMs: 1500, since })).toEqual([]);
});
