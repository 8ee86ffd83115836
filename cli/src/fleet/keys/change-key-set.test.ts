/** Changes of a key set: what follows, and what would lock a fleet out. */
import { openFirstKeySet, judgeKeySet } from "@chimera/proto/signed/key-set";
import { mergeSignatures, sealBytes } from "@chimera/proto/signed/envelope";
import { canonicalBytes } from "@chimera/proto/signed/canonical";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { describe, expect, test } from "vitest";
import { plain } from "../../print/paint.ts";
import { keySetDiff } from "../../print/keys/key-set-diff.ts";
import { nextKeySet, type KeyChange } from "./change-key-set.ts";
import { newFleet } from "./new-fleet.ts";
import { rootCounts } from "./root-counts.ts";

const nowMs = Date.parse("2026-11-23T12:00:00.000Z");
const alone = { keys: [], threshold: 1 };
const fleet = newFleet({ name: "lab", expires: "2027-11-23T12:00:00.000Z", root: alone, publish: alone });
const current = openFirstKeySet(fleet.keySet);
const bob = generateKey("bob");
const times = { expires: undefined, nowMs };

function change(wanted: KeyChange, expires?: string) {
  return nextKeySet(current, wanted, { expires, nowMs });
}

describe("what follows", () => {
  test("a rotation puts the new key in the place of the old, and changes nothing else", () => {
    const set = change({ kind: "rotate", role: "publish", from: "lab-publish", to: bob.public });
    expect(set).toMatchObject({ version: 2, epoch: 0, fleetId: fleet.fleetId, expires: current.set.expires });
    expect(keySetDiff(current.set, set, plain)).toBe(
      `key set 1 -> 2\n- publish ${fleet.keys.publish.public}\n+ publish ${bob.public}\n`,
    );
  });
  test("a role that nobody needs may lose its last key", () => {
    expect(
      change({ kind: "remove", role: "fresh", name: "lab-fresh", threshold: undefined }).roles.fresh,
    ).toBeUndefined();
  });
  test("a renewal in a new epoch changes both, and no role", () => {
    const set = change({ kind: "renew", newEpoch: true }, "2028-01-01T00:00:00.000Z");
    expect(set).toMatchObject({ epoch: 1, expires: "2028-01-01T00:00:00.000Z", roles: current.set.roles });
  });
  test("a new root takes over once both roots have signed, and not before", () => {
    const set = change({ kind: "rotate", role: "root", from: "lab-root", to: bob.public });
    const payload = canonicalBytes(set);
    const byOld = sealBytes("keys", payload, [parseSecretKey(fleet.keys.root.secret)]);
    const byBoth = mergeSignatures(byOld, sealBytes("keys", payload, [parseSecretKey(bob.secret)]));
    expect(rootCounts(current.set, set, byOld).map(({ signedBy }) => signedBy)).toEqual([["lab-root"], []]);
    expect(judgeKeySet(current, byOld)).toMatchObject({ kind: "refuse", code: "signature-invalid" });
    expect(judgeKeySet(current, byBoth)).toMatchObject({
      kind: "next",
      opened: { signedBy: ["lab-root", "bob"] },
    });
  });
});

describe("what is refused before anybody signs it", () => {
  test.each<[string, KeyChange, RegExp]>([
    [
      "removing the last key of a role",
      { kind: "remove", role: "root", name: "lab-root", threshold: undefined },
      /nobody would be left for the role root/u,
    ],
    [
      "a threshold above the keys",
      { kind: "add", role: "publish", key: bob.public, threshold: 3 },
      /need 3 signatures of 2 keys/u,
    ],
    [
      "removing a key that is not there",
      { kind: "remove", role: "order", name: "bob", threshold: undefined },
      /no key "bob" \(it has: lab-order\)/u,
    ],
    [
      "the same key under another name",
      { kind: "add", role: "panic", key: renamed(), threshold: undefined },
      /has that key already, as "lab-panic"/u,
    ],
    [
      "another key under a name that is taken",
      { kind: "add", role: "panic", key: generateKey("lab-panic").public, threshold: undefined },
      /another key named "lab-panic"/u,
    ],
    [
      "exchanging a key for itself",
      { kind: "rotate", role: "root", from: "lab-root", to: fleet.keys.root.public },
      /has that key already/u,
    ],
  ])("%s", (_, wanted, says) => {
    expect(() => nextKeySet(current, wanted, times)).toThrow(says);
  });
  test("an expiry in the past", () => {
    expect(() => change({ kind: "renew", newEpoch: false }, "2026-11-23T11:59:59.000Z")).toThrow(
      /expired already/u,
    );
  });
});

function renamed() {
  return parseSecretKey(fleet.keys.panic.secret.replace("lab-panic:", "other:")).publicKey;
}
