/** The place of the next head: above what is stored and what nodes verifiably have, on top of what they will follow. */
import { expect, test } from "vitest";
import type { NodeView } from "@chimera/proto/api";
import { Digest, WorldId } from "@chimera/proto/names";
import { openHead } from "@chimera/proto/signed/head";
import { openPanic } from "@chimera/proto/signed/panic";
import { createSignedFleet } from "../../../test/fixture/signed-fleet.ts";
import { nextHead, type NewHead } from "./next-head.ts";

const fleet = createSignedFleet(["a", "b"]);
const at = "2026-11-23T12:00:00.000Z";
const seven = fleet.head(7, fleet.world());
const undo = fleet.panic(seven);
const head = { ...openHead(seven.envelope, fleet.roles.publish), envelope: seven.envelope };
const panic = { ...openPanic(undo.envelope, fleet.roles.panic), envelope: undo.envelope };
const other = Digest.parse("e".repeat(64));

function reporting(serial: number, id: string, verified = true): NodeView {
  const accepted = { epoch: 0, serial, id, world: other, acceptedAt: at };
  return { ...fleet.node("a").reporting({ fleetId: fleet.fleetId, accepted }), verified };
}

function placeOf(current: Partial<NewHead["current"]>, ...nodes: NodeView[]) {
  const [keys] = fleet.chain;
  if (keys === undefined) throw new Error("no keys");
  const { epoch, serial, previous } = nextHead({
    fleetId: fleet.fleetId,
    keySet: keys.set,
    current: { head: null, panic: null, stored: null, effective: { kind: "none" }, ...current },
    nodes,
    leaves: fleet.world(),
    mode: "deploy",
    policy: {},
    reason: "",
    author: "o",
    expiresHours: 1,
    nowMs: Date.parse(at),
  });
  return { epoch, serial, previous };
}

test.each<[string, ReturnType<typeof placeOf>, { serial: number; previous: string | null }]>([
  ["the first of a fleet", placeOf({}), { serial: 1, previous: null }],
  [
    "on top of a head",
    placeOf({ head, stored: head.id }, reporting(7, head.id)),
    { serial: 8, previous: head.id },
  ],
  ["on top of a panic", placeOf({ head, panic, stored: panic.id }), { serial: 8, previous: panic.id }],
  [
    "without store or copy, above what nodes say",
    placeOf({}, reporting(9, other)),
    { serial: 10, previous: other },
  ],
  ["on a copy, with an empty store", placeOf({ head }), { serial: 8, previous: head.id }],
  ["on a copy, nodes being further", placeOf({ head }, reporting(9, other)), { serial: 10, previous: other }],
  ["on a copy, the store having less", placeOf({ head, stored: other }), { serial: 8, previous: other }],
  [
    "above a liar within bounds",
    placeOf({ head, stored: head.id }, reporting(9000, other)),
    { serial: 9001, previous: head.id },
  ],
  [
    "unmoved by a liar without bounds",
    placeOf({ head, stored: head.id }, reporting(10_007, other)),
    { serial: 8, previous: head.id },
  ],
  [
    "unmoved by an unsigned word",
    placeOf({ head, stored: head.id }, reporting(9, other, false)),
    { serial: 8, previous: head.id },
  ],
])("%s", (_, place, wanted) => {
  expect(place).toEqual({ epoch: 0, ...wanted });
});

test("what others are to sign first consents from its last moment on", () => {
  const [keys] = fleet.chain;
  if (keys === undefined) throw new Error("no keys");
  const rollout = {
    waves: [{ list: other, size: 1 }],
    maxFailed: 0,
    onFailure: "return" as const,
    maxUnavailable: null,
    proven: 50,
    deadline: null,
    onDeadline: "hold" as const,
  };
  const next = {
    fleetId: fleet.fleetId,
    keySet: keys.set,
    current: {
      head,
      panic: null,
      stored: head.id,
      effective: {
        kind: "returned" as const,
        world: WorldId.parse("f".repeat(64)),
        id: head.id,
        place: { epoch: 0, serial: 7, rank: 1 },
      },
    },
    nodes: [],
    leaves: fleet.world(),
    mode: "deploy" as const,
    policy: { rollout },
    reason: "",
    author: "o",
    expiresHours: 24,
    nowMs: Date.parse(at),
  };
  expect(nextHead(next).consentUntil).toBe("2026-11-23T14:00:00.000Z");
  expect(nextHead({ ...next, isProposed: true }).consentUntil).toBe("2026-11-24T14:00:00.000Z");
});
