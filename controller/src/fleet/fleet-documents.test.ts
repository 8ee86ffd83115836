import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import type { Digest } from "@chimera/proto/names";
import { seal } from "@chimera/proto/signed/envelope";
import { openHead } from "@chimera/proto/signed/head";
import { openPanic } from "@chimera/proto/signed/panic";
import { worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { fleetId, fleetKeys, roleOf } from "../../test/fixture/test-keys.ts";
import { answeringHeads, headsInOrder } from "./fleet-documents.ts";

/** As stored one after the other. */
function heads(...places: (number | { epoch: number; serial: number })[]): StoredHead[] {
  return places.map((place, index) => {
    const { epoch, serial } = typeof place === "number" ? { epoch: 0, serial: place } : place;
    const at = "2026-01-01T00:00:00.000Z";
    const envelope = seal(
      "head",
      {
        v: 1,
        kind: "head",
        fleetId,
        epoch,
        serial,
        world: worldId([]),
        size: 1,
        previous: null,
        mode: "deploy",
        policy: {},
        revertTo: null,
        consentUntil: null,
        createdAt: at,
        notAfter: at,
        author: "test",
        reason: "",
      },
      [fleetKeys.publish],
    );
    return { ...openHead(envelope, roleOf(fleetKeys.publish)), envelope, revision: index + 1, storedAt: at };
  });
}

function serials(...places: Parameters<typeof heads>): number[] {
  return headsInOrder(heads(...places)).map(({ head }) => head.serial);
}

const far = Number.MAX_SAFE_INTEGER;

test("orders by place, each once, in its newest copy", () => {
  expect(serials(1, 3, 2)).toEqual([3, 2, 1]);
  expect(headsInOrder(heads(1, 2, 1)).map(({ revision }) => revision)).toEqual([2, 3]);
  expect(serials()).toEqual([]);
});

test("passes over a head that is too far above, wherever it lies, also when all before it is gone", () => {
  expect(serials(1, far, 2)).toEqual([2, 1]);
  expect(serials(1, far)).toEqual([1]);
  expect(serials(far, 2, 3)).toEqual([3, 2]);
  expect(serials(far, far - 1, 2)).toEqual([2]);
  expect(serials(1, 10_001)).toEqual([10_001, 1]);
  expect(serials(1, 10_002)).toEqual([1]);
});

test("counts from nothing in a new epoch, as nodes do", () => {
  expect(serials(20_000, { epoch: 1, serial: 1 })).toEqual([1, 20_000]);
  expect(serials(1, { epoch: 1, serial: 10_001 })).toEqual([1]);
});

test("knows a fleet's first head by nothing else, however high", () => {
  expect(serials(far)).toEqual([far]);
});

function panicOf(undone: StoredHead, revision: number, reason = ""): StoredPanic {
  const { epoch, serial } = undone.head;
  const panic = {
    v: 1,
    kind: "panic",
    fleetId,
    epoch,
    serial,
    undoes: undone.id,
    world: worldId([]),
    reason,
  };
  const envelope = seal("panic", panic, [fleetKeys.panic]);
  return { ...openPanic(envelope, roleOf(fleetKeys.panic)), envelope, revision, storedAt: "" };
}

function following(stored: StoredHead, previous: Digest): StoredHead {
  return { ...stored, head: { ...stored.head, previous } };
}

test("passes over heads that do not follow a stored panic, up to the one that does", () => {
  const [one, two, three, four] = heads(1, 2, 3, 4);
  if (!one || !two || !three || !four) throw new Error("no heads");
  const panic = panicOf(one, 1.5);
  const kept = (...found: StoredHead[]) => answeringHeads(found, [panic]).map(({ head }) => head.serial);
  expect(kept(one, two, three)).toEqual([1]);
  expect(kept(one, two, following(three, two.id))).toEqual([1]);
  expect(kept(one, two, following(three, panic.id), four)).toEqual([1, 3, 4]);
});

test("takes a head that follows the same panic under another name, and one that came before the panic", () => {
  const [one, two, three] = heads(1, 2, 3);
  if (!one || !two || !three) throw new Error("no heads");
  const panics = [panicOf(one, 1.5), panicOf(one, 1.6, "again")];
  const again = panics[1]?.id ?? one.id;
  expect(answeringHeads([one, following(two, again), three], panics)).toHaveLength(3);
  expect(answeringHeads([one, two, three], [panicOf(one, 2.5)])).toHaveLength(3);
});
