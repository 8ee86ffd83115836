import { expect, test } from "vitest";
import {
  fleetId,
  handOver,
  idOf,
  keySetOne,
  keySetTwo,
  keysOne,
  keysTwo,
  publishers,
  rootsNew,
  rootsOld,
} from "../../test/test-fleet.ts";
import { FleetId } from "../names.ts";
import { seal, sealBytes } from "./envelope.ts";
import { judgeKeySet, KeySet, openFirstKeySet, openPinnedKeySet, roleKeys, walkKeySets } from "./key-set.ts";

const first = openFirstKeySet(keysOne);
const three: KeySet = { ...keySetTwo, version: 3, epoch: 1 };
const keysThree = seal("keys", three, rootsNew.slice(1));
const foreign = FleetId.parse("f".repeat(64));

test("the first key set names the fleet by its bytes", () => {
  expect(first).toMatchObject({ fleetId, id: fleetId, signedBy: ["root-a", "root-b"], set: keySetOne });
});

test("is walked step by step, over a root that is handed over and an epoch that root begins", () => {
  const newest = walkKeySets(first, [keysTwo, keysThree]);
  expect(newest).toMatchObject({ set: three, fleetId, id: idOf(keysThree), signedBy: ["root-e", "root-f"] });
});

test("a chain that begins before what is known, or repeats it, is the same chain", () => {
  expect(walkKeySets(first, [keysOne, keysTwo, keysTwo, keysThree]).set.version).toBe(3);
});

test("a chain with a gap, or one that is not signed on, says where it breaks", () => {
  expect(() => walkKeySets(first, [keysThree])).toThrow(/^0 of 2 valid keys signatures/);
  const bothSign = seal("keys", three, [...rootsOld, ...rootsNew]);
  expect(() => walkKeySets(first, [bothSign])).toThrow("key set 3 where 2 is due");
  expect(() => walkKeySets(first, [keysTwo, seal("keys", three, rootsOld)])).toThrow(/^0 of 2/);
});

test("root itself may lower or raise its threshold, each by the rules before and after", () => {
  const root = { ...keySetTwo.roles.root, threshold: 3 };
  const higher = { ...keySetTwo, roles: { ...keySetTwo.roles, root } };
  expect(judgeKeySet(first, seal("keys", higher, handOver))).toMatchObject({
    kind: "refuse",
    code: "signature-invalid",
  });
  const signers = [...rootsOld.slice(0, 2), ...rootsNew];
  expect(judgeKeySet(first, seal("keys", higher, signers))).toMatchObject({ kind: "next" });
});

test("whoever is in both roots signs once for both", () => {
  const kept = { keys: rootsOld.map(({ publicKey }) => publicKey), threshold: 2 };
  const set = { ...keySetTwo, roles: { ...keySetTwo.roles, root: kept, publish: kept } };
  expect(judgeKeySet(first, seal("keys", set, rootsOld.slice(0, 2)))).toMatchObject({ kind: "next" });
});

test("the first key set is not another one, and not unsigned", () => {
  expect(() => openFirstKeySet(keysTwo)).toThrow("key set 2 where the first one is due");
  expect(() => openFirstKeySet(seal("keys", keySetOne, rootsOld.slice(0, 1)))).toThrow(/^1 of 2/);
  expect(() => openFirstKeySet(seal("keys", keySetOne, publishers))).toThrow(/^0 of 2/);
  expect(() => openFirstKeySet(sealBytes("keys", Buffer.from("[]"), rootsOld))).toThrow(/signed payload/);
  expect(() => openFirstKeySet(seal("head", keySetOne, rootsOld))).toThrow(/payload type/);
});

test("a machine may be installed with any key set of its fleet, and with no other fleet's", () => {
  expect(openPinnedKeySet(keysTwo, fleetId).set.version).toBe(2);
  expect(openPinnedKeySet(keysOne, fleetId).set.version).toBe(1);
  expect(() => openPinnedKeySet(keysOne, foreign)).toThrow(/is of fleet/);
  const other = seal("keys", { ...keySetTwo, fleetId: foreign }, rootsNew);
  expect(() => openPinnedKeySet(other, fleetId)).toThrow(/is of fleet f/);
});

test("version 1 cannot name its fleet, and every other must", () => {
  expect(KeySet.safeParse({ ...keySetOne, fleetId }).success).toBe(false);
  expect(KeySet.safeParse({ ...keySetTwo, fleetId: undefined }).success).toBe(false);
});

test("a role that was given to nobody signs nothing", () => {
  expect(roleKeys(keySetOne, "panic")).toBe(keySetOne.roles.panic);
  expect(() => roleKeys(keySetOne, "certify")).toThrow("key set 1 gives the role certify to nobody");
});

test.each([
  ["no threshold", { threshold: 0 }],
  ["no keys", { keys: [] }],
  ["a threshold above its keys", { threshold: 4 }],
  [
    "a threshold that one key under three names reaches",
    {
      keys: keySetOne.roles.root.keys
        .slice(0, 1)
        .flatMap((key) => [key, key.replace("root-a", "x"), key.replace("root-a", "y")]),
    },
  ],
])("a role with %s is no role", (_, over) => {
  const root = { ...keySetOne.roles.root, ...over };
  expect(KeySet.safeParse({ ...keySetOne, roles: { ...keySetOne.roles, root } }).success).toBe(false);
});
