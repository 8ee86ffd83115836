/** The world of a time, from signed documents and what nodes told: with nodes that lie, and documents that came over ssh. */
import { FleetView, HeadList } from "@chimera/proto/api";
import { EventPage, PastDocuments } from "@chimera/proto/past-api";
import { Head } from "@chimera/proto/signed/head";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { parsePayload } from "@chimera/proto/signed/envelope";
import { World } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { createSignedFleet, toplevel, type SignedHead } from "../../test/fixture/signed-fleet.ts";
import { worldInForce } from "./world-in-force.ts";

const fleet = createSignedFleet(["n1", "n2", "n3"]);
const at = (minute: number) =>
  new Date(Date.parse("2026-11-23T12:00:00.000Z") + minute * 60_000).toISOString();
const worldOf = (word: string) =>
  fleet.world().map(({ node }) => fleet.leaf(node, toplevel(`${word}${node}`)));
const list = { list: "e".repeat(64), size: 1 };
const rollout = {
  waves: [list],
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 100,
  deadline: null,
  onDeadline: "hold",
};

interface Stored {
  envelope: Envelope;
  storedAt: string;
}

interface Told {
  source: string;
  minute: number;
  type?: string;
  data: unknown;
}

/** What a controller has; oldest first. */
interface Past {
  heads: (Stored & SignedHead)[];
  panics?: Stored[];
  rollouts?: { minute: number; record: object }[];
  told?: Told[];
}

const worlds = new Map<string, SignedHead["leaves"]>();

/** Signed at minute 10 × serial, with waves and consent; stored then, or at another minute. */
function head(serial: number, changes: object = {}, storedAt = 10 * serial): Stored & SignedHead {
  const policy = { rollout };
  const consent = { createdAt: at(10 * serial), consentUntil: at(600), policy };
  const signed = fleet.head(serial, worldOf("abcdefghi"[serial] ?? "z"), { ...consent, ...changes });
  worlds.set(bodyOf(signed.envelope).world, signed.leaves);
  return { ...signed, storedAt: at(storedAt) };
}

/** Each follows the one before and goes back to its world. */
function following(before: SignedHead, serial: number, storedAt = 10 * serial) {
  return head(serial, { previous: before.id, revertTo: bodyOf(before.envelope).world }, storedAt);
}

function bodyOf({ payload }: Envelope): Head {
  return parsePayload(Buffer.from(payload, "base64"), Head);
}

function pageOf(told: readonly Told[]): EventPage {
  const events = told.map(({ source, minute, type = "rollout-changed", data }, i) => {
    const event = { specversion: "1.0", id: `${i}`, source, time: at(minute), type, data };
    const body = { ...event, datacontenttype: "application/json" };
    return { seq: i + 1, storedAt: at(minute), event: body };
  });
  return EventPage.parse({ events, last: events.length, more: false, oldestAt: null });
}

async function letterAt(minute: number, past: Past): Promise<string> {
  return (await thenAt(minute, past)).letter;
}

async function thenAt(
  minute: number,
  { heads, panics = [], rollouts = [], told = [] }: Past,
): Promise<{ letter: string; why: string }> {
  const shown = heads.map(({ envelope, storedAt, id }) => ({
    id,
    revision: 1,
    storedAt,
    signedBy: [],
    head: bodyOf(envelope),
    envelope,
  }));
  const { chain, roles, fleetId } = fleet;
  const reader = {
    chain,
    trust: {
      fleetId,
      roles: chain[0]?.set.roles ?? roles,
      chain,
      known: new Set(heads.map(({ id }) => id)),
      vouched: undefined,
    },
    api: {
      heads: async () => HeadList.parse({ heads: shown.toReversed() }),
      fleet: async () =>
        FleetView.parse({ fleetId, head: shown.at(-1), revision: 1, panic: null, rollout: null, keys: 1 }),
      pastDocuments: async () =>
        PastDocuments.parse({
          panics,
          orders: [],
          isCut: false,
          rollouts: rollouts.map((one) => ({ storedAt: at(one.minute), record: one.record })),
        }),
      eventPage: async ({ types }: { types?: readonly string[] | undefined }) =>
        pageOf(told.filter(({ type = "rollout-changed" }) => types?.includes(type))),
      world: async (id: string) => World.parse({ v: 1, leaves: worlds.get(id) }),
    },
  };
  const io = { err: () => undefined, signal: new AbortController().signal };
  const { world, why } = await worldInForce(io, reader, Date.parse(at(minute)));
  const leaves = worlds.get(world) ?? [];
  return { letter: leaves[0]?.toplevel.split("-").at(-1)?.slice(0, 1) ?? "unknown", why };
}

const first = head(1);
const second = following(first, 2);
const third = following(second, 3);
const heads = [first, second, third];

function record(of: SignedHead, lead: string, changes: object = {}) {
  return { v: 1, head: of.id, lease: 1, phase: "returned", reason: "a canary", at: at(25), lead, ...changes };
}

test("a rollout that went back is told by the node that led it, where the store keeps nothing of it", async () => {
  const told = [{ source: "n1", minute: 25, data: record(second, "n1") }];
  expect(await letterAt(24, { heads, told })).toBe("c");
  expect(await thenAt(26, { heads, told })).toMatchObject({
    letter: "b",
    why: expect.stringMatching(/went back, as n1 alone tells, which says that it led .*head 0\.2/u),
  });
  expect(await letterAt(31, { heads, told })).toBe("d");
});

test("what a node tells in the name of another lead counts for nothing", async () => {
  const told = [{ source: "n2", minute: 25, data: record(second, "n1", { lease: 2 ** 40 }) }];
  expect(await letterAt(26, { heads, told })).toBe("c");
});

test("what a node tells today changes nothing of what was before, whatever time it writes", async () => {
  const told = [{ source: "n2", minute: 90, data: record(third, "n2", { lease: 2 ** 40, at: at(35) }) }];
  expect(await letterAt(40, { heads, told })).toBe("d");
});

test("where the store keeps a record of the head, no other node's word counts beside it", async () => {
  const kept = [{ minute: 32, record: record(third, "n1", { phase: "committed", at: at(32) }) }];
  const told = [{ source: "n2", minute: 33, data: record(third, "n2", { lease: 2 ** 40, at: at(33) }) }];
  expect(await letterAt(40, { heads, rollouts: kept, told })).toBe("d");
  const older = [{ source: "n1", minute: 31, data: record(third, "n1", { phase: "paused", at: at(31) }) }];
  expect(await letterAt(40, { heads, rollouts: kept, told: older })).toBe("d");
  const back = [{ minute: 40, record: record(third, "n1", { at: at(40) }) }];
  const led = [{ source: "n1", minute: 33, data: record(third, "n1", { reason: "first", at: at(33) }) }];
  expect(await letterAt(35, { heads, rollouts: back, told: led })).toBe("c");
});

test("a record that was stored long after its lead wrote it makes the time between ambiguous", async () => {
  const rollouts = [{ minute: 90, record: record(third, "n1", { at: at(35) }) }];
  await expect(letterAt(40, { heads, rollouts })).rejects.toMatchObject({ code: "usage" });
  expect(await letterAt(34, { heads, rollouts })).toBe("d");
  expect(await thenAt(91, { heads, rollouts })).toMatchObject({
    letter: "c",
    why: expect.stringMatching(/went back, as its lead says: head 0\.3/u),
  });
});

test("where nodes that say they led disagree a person is to say, and not before they do", async () => {
  const told = [
    { source: "n1", minute: 21, data: record(second, "n1", { phase: "waves", at: at(21) }) },
    { source: "n2", minute: 25, data: record(second, "n2", { lease: 2 ** 40 }) },
  ];
  expect(await letterAt(24, { heads, told })).toBe("c");
  await expect(letterAt(26, { heads, told })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(
      /two worlds .* as n1 tells, .* as n2 tells \(nothing of its rollout is kept/u,
    ),
  });
  expect(await letterAt(31, { heads, told })).toBe("d");
});

test("a head that the store never had is a hole, also where the next one follows the same as it did", async () => {
  const overSsh = head(3, { previous: first.id, revertTo: bodyOf(first.envelope).world }, 90);
  const past = { heads: [first, overSsh] };
  await expect(letterAt(25, past)).rejects.toMatchObject({
    code: "world-unknown",
    message: expect.stringMatching(
      /between head 0\.1 and 0\.3 is a serial of which the controller has no head.*name a serial/u,
    ),
  });
  expect(await letterAt(91, past)).toBe("d");
});

function panicOf(of: SignedHead, storedAt: number) {
  const { envelope, id } = fleet.panic(of, { world: bodyOf(of.envelope).revertTo });
  return { envelope, id, storedAt: at(storedAt) };
}

function receiptOf(
  panic: { id: string },
  minute: number,
  changes: Parameters<typeof fleet.receipt>[2] = {},
): Told {
  const document = { kind: "panic", id: panic.id, epoch: 0, serial: 3 };
  const times = { ack: at(minute), active: null, pointer: null, boot: null };
  const receipt = fleet.receipt("n1", third, { document, times, ...changes });
  return { source: "n1", minute: 185, type: "receipt", data: { receipt } };
}

test("a panic that nodes had long before the store is in doubt from when the first one signed that it had it", async () => {
  const panic = panicOf(third, 180);
  const told = [receiptOf(panic, 62), receiptOf(panic, 60), receiptOf(panic, 64)];
  const past = { heads, panics: [panic], told };
  expect(await letterAt(59, past)).toBe("d");
  await expect(letterAt(61, past)).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(/panic 0\.3\+panic was stored .*15:00.*; .*had it 2026-11-23T13:00/u),
  });
  expect(await letterAt(181, past)).toBe("c");
  expect(await letterAt(61, { heads, panics: [panic] })).toBe("d");
});

test("receipts that the node did not sign, of another node or another document, put nothing in doubt", async () => {
  const panic = panicOf(third, 180);
  const told = [
    receiptOf(panic, 60, { by: fleet.node("n2").signer }),
    receiptOf(panic, 60, { node: "n2" }),
    receiptOf(panic, 60, { fleetId: "0".repeat(64) }),
    receiptOf({ id: third.id }, 60),
    { ...receiptOf(panic, 60), data: { receipt: third.envelope } },
  ];
  expect(await letterAt(61, { heads, panics: [panic], told })).toBe("d");
});

test("of a head and its panic that were stored together, later, nothing tells when the panic came", async () => {
  const late = heads.map((one) => ({ ...one, storedAt: at(180) }));
  await expect(letterAt(61, { heads: late, panics: [panicOf(third, 180)] })).rejects.toMatchObject({
    code: "usage",
  });
  expect(await letterAt(25, { heads: late, panics: [panicOf(third, 180)] })).toBe("c");
});
