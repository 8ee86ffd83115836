/** Heads that the controller refuses before it stores anything: each attack over HTTP, the bucket compared before and after. */
import { seal, sealBytes, type Envelope } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { hourMs, iso, makeOrder, mustPut, putWorld, pushWorld, sealOrder } from "../fixture/documents.ts";
import { makeHead } from "../fixture/test-fleet.ts";
import { fleetKeys, makeSigner } from "../fixture/test-keys.ts";
import { quarantineList, rowsOf, usePublished, type Attack } from "../fixture/use-published.ts";

const { fleet, published, expectRefused } = usePublished();
const { publish: publisher, panic: panicker, root } = fleetKeys;
const stranger = makeSigner("ops-publish");

function head(change: object = {}) {
  return makeHead(published().leaves, { serial: 3, previous: published().newest.id, ...change });
}

function sealHead(change: object = {}, signers = [publisher]): Envelope {
  return seal("head", head(change), signers);
}

function altered(envelope: Envelope, change: (signature: Envelope["signatures"][number]) => object): object {
  return { ...envelope, signatures: envelope.signatures.map((one) => ({ ...one, ...change(one) })) };
}

const heads: Attack[] = [
  ["unsigned", "input-invalid", "/v1/head", () => ({ ...sealHead(), signatures: [] })],
  ["a wrong key of the right name", "signature-invalid", "/v1/head", () => sealHead({}, [stranger])],
  ["the panic key", "signature-invalid", "/v1/head", () => sealHead({}, [panicker])],
  ["the root key", "signature-invalid", "/v1/head", () => sealHead({}, [root])],
  [
    "a payload type of another kind",
    "signature-invalid",
    "/v1/head",
    () => seal("order", head(), [publisher]),
  ],
  [
    "the type changed after signing",
    "signature-invalid",
    "/v1/head",
    () => ({ ...seal("panic", head(), [publisher]), payloadType: sealHead().payloadType }),
  ],
  [
    "trailing bytes behind the document",
    "input-invalid",
    "/v1/head",
    () => sealBytes("head", Buffer.from(`${JSON.stringify(head())}{}`), [publisher]),
  ],
  [
    "trailing bytes that were not signed",
    "signature-invalid",
    "/v1/head",
    () => ({ ...sealHead(), payload: Buffer.from(`${JSON.stringify(head())} `).toString("base64") }),
  ],
  [
    "base 64 that is not canonical",
    "input-invalid",
    "/v1/head",
    () => altered(sealHead(), ({ sig }) => ({ sig: sig.replace(/=*$/, "") })),
  ],
  ["a lower serial", "order-stale", "/v1/head", () => sealHead({ serial: 1 })],
  ["another head of the same serial", "order-equivocation", "/v1/head", () => sealHead({ serial: 2 })],
  ["a serial 10,001 above", "order-jump", "/v1/head", () => sealHead({ serial: 10_003 })],
  ["a higher epoch without root", "order-jump", "/v1/head", () => sealHead({ epoch: 1, serial: 1 })],
  ["an expired one", "head-expired", "/v1/head", () => sealHead({ notAfter: iso(Date.now() - 1000) })],
  [
    "one from a clock a day ahead",
    "input-invalid",
    "/v1/head",
    () => sealHead({ createdAt: iso(Date.now() + 24 * hourMs), notAfter: iso(Date.now() + 48 * hourMs) }),
  ],
  ["another fleet's", "fleet-mismatch", "/v1/head", () => sealHead({ fleetId: "a".repeat(64) })],
  [
    "one that does not follow the newest",
    "order-stale",
    "/v1/head",
    () => sealHead({ previous: published().older.id }),
  ],
  ["another size than its world's", "input-invalid", "/v1/head", () => sealHead({ size: 3 })],
  ["a world that nobody uploaded", "world-unknown", "/v1/head", () => sealHead({ world: "b".repeat(64) })],
];

test.each(rowsOf(heads))("refuses $what with $code at $path, and stores nothing", async (attack) => {
  expect((await expectRefused(attack)).code).toBe(attack.code);
});

test("refuses a head with a quarantined toplevel in any leaf, naming the node", async () => {
  const bad = await pushWorld(fleet(), "nixos-system-bad");
  const action = quarantineList(6, [bad[1]?.toplevel]);
  await mustPut(fleet(), "/v1/quarantine", sealOrder(makeOrder({ action })));
  const mixed = [published().leaves[0], bad[1]].filter((leaf) => leaf !== undefined);
  await putWorld(fleet(), mixed);
  const next = makeHead(mixed, { serial: 3, previous: published().newest.id });
  const make = () => seal("head", next, [publisher]);
  const answer = await expectRefused({ what: "", code: "quarantined", path: "/v1/head", make });
  expect(answer.detail).toContain("n2");
});
