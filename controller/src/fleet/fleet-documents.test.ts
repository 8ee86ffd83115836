import type { StoredHead } from "@chimera/proto/api";
import { seal } from "@chimera/proto/signed/envelope";
import { openHead } from "@chimera/proto/signed/head";
import { worldId } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { fleetId, fleetKeys, roleOf } from "../../test/test-keys.ts";
import { headsInOrder } from "./fleet-documents.ts";

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
