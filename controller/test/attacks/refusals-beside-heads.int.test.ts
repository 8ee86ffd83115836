/** Panics, key sets and orders that are refused before anything is stored: the bucket is compared before and after. */
import { seal } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { hourMs, iso, makeOrder, panicFor, sealOrder, sealPanic } from "../fixture/documents.ts";
import { fleetId, fleetKeys, keySet1, makeKeySet, makeSigner, roleOf } from "../fixture/test-keys.ts";
import { quarantineList, rowsOf, usePublished, type Attack } from "../fixture/use-published.ts";

const { published, expectRefused } = usePublished();
const { publish: publisher, panic: panicker, order: orderer, root } = fleetKeys;
const stranger = makeSigner("ops-root");

const panics: Attack[] = [
  ["the publish key", "signature-invalid", "/v1/panic", () => sealPanic(undo(), [publisher])],
  [
    "a head's place in a head's envelope",
    "signature-invalid",
    "/v1/panic",
    () => seal("head", undo(), [panicker]),
  ],
  [
    "one for a head that is not current",
    "panic-void",
    "/v1/panic",
    () => sealPanic(panicFor(published().older, published().world)),
  ],
  [
    "one for a head that nobody published",
    "panic-void",
    "/v1/panic",
    () => sealPanic(undo({ serial: 3, undoes: "9".repeat(64) })),
  ],
  [
    "another head of the newest's place",
    "panic-void",
    "/v1/panic",
    () => sealPanic(undo({ undoes: "9".repeat(64) })),
  ],
  ["the newest head at another place", "panic-void", "/v1/panic", () => sealPanic(undo({ serial: 3 }))],
  [
    "a world that nobody uploaded",
    "world-unknown",
    "/v1/panic",
    () => sealPanic(undo({ world: "b".repeat(64) })),
  ],
  ["another fleet's", "fleet-mismatch", "/v1/panic", () => sealPanic(undo({ fleetId: "a".repeat(64) }))],
  [
    "a ready one for an older head",
    "panic-void",
    "/v1/panic/ready",
    () => sealPanic(panicFor(published().older, published().world)),
  ],
  [
    "a ready one by the order key",
    "signature-invalid",
    "/v1/panic/ready",
    () => sealPanic(undo(), [orderer]),
  ],
];

function undo(change: object = {}) {
  return panicFor(published().newest, published().world, change);
}

const keySets: Attack[] = [
  ["one that skips a version", "keys-skipped", "/v1/keys", () => seal("keys", next({ version: 3 }), [root])],
  [
    "the first again, altered",
    "signature-invalid",
    "/v1/keys",
    () => ({ ...keySet1, payload: Buffer.from("{}").toString("base64") }),
  ],
  ["one signed by the publish key", "signature-invalid", "/v1/keys", () => seal("keys", next(), [publisher])],
  [
    "one without the new root's proof",
    "signature-invalid",
    "/v1/keys",
    () => seal("keys", next({ roles: { root: roleOf(stranger) } }), [root]),
  ],
  [
    "one without the old root's",
    "signature-invalid",
    "/v1/keys",
    () => seal("keys", next({ roles: { root: roleOf(stranger) } }), [stranger]),
  ],
  [
    "one signed one short",
    "signature-invalid",
    "/v1/keys",
    () => seal("keys", next({ roles: { root: { ...roleOf(root, stranger), threshold: 2 } } }), [root]),
  ],
  [
    "the same key twice",
    "signature-invalid",
    "/v1/keys",
    () => seal("keys", next({ roles: { root: { ...roleOf(root, stranger), threshold: 2 } } }), [root, root]),
  ],
  ["one two epochs ahead", "order-jump", "/v1/keys", () => seal("keys", next({ epoch: 2 }), [root])],
  [
    "another fleet's",
    "fleet-mismatch",
    "/v1/keys",
    () => seal("keys", next({ fleetId: "a".repeat(64) }), [root]),
  ],
];

function next(change: object = {}) {
  return makeKeySet({ version: 2, fleetId, ...change });
}

const orders: Attack[] = [
  ["the publish key", "signature-invalid", "/v1/orders", () => sealOrder(makeOrder(), [publisher])],
  [
    "one whose time is over",
    "order-expired",
    "/v1/orders",
    () => sealOrder(makeOrder({ notAfter: iso(Date.now() - 1000) })),
  ],
  [
    "one from a clock an hour ahead",
    "input-invalid",
    "/v1/orders",
    () => sealOrder(makeOrder({ createdAt: iso(Date.now() + hourMs) })),
  ],
  [
    "one for a node that nobody registered",
    "node-unknown",
    "/v1/orders",
    () => sealOrder(makeOrder({ nodes: ["n9"] })),
  ],
  [
    "another fleet's",
    "fleet-mismatch",
    "/v1/orders",
    () => sealOrder(makeOrder({ fleetId: "a".repeat(64) })),
  ],
  [
    "a quarantine list as an order",
    "input-invalid",
    "/v1/orders",
    () => sealOrder(makeOrder({ action: quarantineList(6) })),
  ],
  ["an order as a quarantine list", "input-invalid", "/v1/quarantine", () => sealOrder(makeOrder())],
  [
    "a list of an equal serial",
    "order-stale",
    "/v1/quarantine",
    () => sealOrder(makeOrder({ action: quarantineList(5) })),
  ],
  [
    "a list 10,001 above",
    "order-jump",
    "/v1/quarantine",
    () => sealOrder(makeOrder({ action: quarantineList(10_006) })),
  ],
  [
    "a list for some nodes",
    "order-misaddressed",
    "/v1/quarantine",
    () => sealOrder(makeOrder({ action: quarantineList(6), nodes: ["n1"] })),
  ],
];

test.each(rowsOf([...panics, ...keySets, ...orders]))(
  "refuses $what with $code at $path, and stores nothing",
  async (attack) => {
    expect((await expectRefused(attack)).code).toBe(attack.code);
  },
);
