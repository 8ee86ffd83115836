import { expect, test } from "vitest";
import {
  headOf,
  headTwo,
  idOf,
  judge,
  minutes,
  orderOf,
  panicOf,
  signHead,
  signOrder,
  signPanic,
  stateTwo,
  taken,
} from "../../test/test-fleet.ts";
import { Digest, FleetId, StorePath, WorldId } from "../names.ts";
import { canonicalBase64, composeEnvelope } from "../signed/envelope.ts";
import { maxQuarantine, Nonce } from "../signed/order.ts";
import { LeafProof } from "../signed/world.ts";
import { accept } from "./accept.ts";
import {
  markCommitted,
  maxLeaves,
  maxNonces,
  openKeys,
  quarantineHere,
  TrustState,
  withLeaf,
  type LeafRecord,
} from "./trust-state.ts";

/** agent/src/host/state-file.ts: a larger file would be set aside, and all that was accepted be forgotten. */
const maxFile = 4 << 20;
const digest = (i: number) => Digest.parse(i.toString(16).padStart(64, "0"));
const path = (i: number) =>
  StorePath.parse(`/nix/store/${i.toString().padStart(32, "0")}-${"x".repeat(211)}`);
const record = (i: number, committedAt: string | null): LeafRecord => ({
  world: WorldId.parse(digest(0)),
  head: digest(i),
  proof: LeafProof.parse({
    leaf: Buffer.alloc(48 * 1024).toString("base64"),
    index: 0,
    size: 100_000,
    path: Array.from({ length: 40 }, (_, level) => digest(level)),
  }),
  toplevel: path(i),
  committedAt,
});
const signatures = Array.from({ length: 32 }, () => ({
  keyid: "\u0000".repeat(128),
  sig: Buffer.alloc(64).toString("base64"),
}));
const largest = (kind: "keys" | "head" | "panic", bytes: number) =>
  composeEnvelope(kind, Buffer.alloc(bytes), signatures);
const text = (length: number) => "\u0000".repeat(length);

test("at its fullest it is smaller than what is read again", () => {
  const head = { ...headOf(3, "c"), author: text(256), reason: text(1024) };
  const panic = { ...panicOf(signHead(head), head), reason: text(1024) };
  const fullest: TrustState = TrustState.parse({
    ...stateTwo,
    keys: largest("keys", 64 * 1024),
    head: {
      id: digest(1),
      acceptedAt: minutes(0),
      head,
      envelope: largest("head", 16 * 1024),
      proof: record(1, null).proof,
    },
    panic: {
      id: digest(1),
      aliases: Array.from({ length: 16 }, (_, i) => digest(i)),
      acceptedAt: minutes(0),
      panic,
      envelope: largest("panic", 16 * 1024),
      target: path(1),
    },
    nonces: Array.from({ length: maxNonces }, (_, i) => ({
      nonce: Nonce.parse(i.toString(16).padStart(32, "0")),
      notAfter: "2026-11-23T12:00:00.123456789Z",
    })),
    hold: { until: minutes(1), drift: true, evenPanic: true, author: text(256), reason: text(1024) },
    quarantine: {
      serial: 1,
      id: digest(1),
      toplevels: Array.from({ length: maxQuarantine }, (_, i) => path(i)),
    },
    quarantinedHere: Array.from({ length: 64 }, (_, i) => ({
      toplevel: path(i),
      reason: text(256),
      at: minutes(0),
    })),
    leaves: Array.from({ length: maxLeaves }, (_, i) => record(i, minutes(0))),
  });
  expect(Buffer.byteLength(JSON.stringify(fullest))).toBeLessThan(maxFile * 0.75);
});

test("a document larger than its kind ever is, is not kept, whoever signed it", () => {
  const head = headOf(2, "b");
  const panic = { ...panicOf(signHead(head), head), more: "x".repeat(20_000) };
  const verdict = accept(stateTwo, { kind: "panic", envelope: signPanic(panic), undone: null }, judge);
  expect(verdict).toMatchObject({ kind: "refused", code: "body-too-large" });
});

test("keeps the last leaves, and what was committed last among them", () => {
  const good = record(0, minutes(0));
  const filled = Array.from({ length: 40 }, (_, i) => record(i + 1, null)).reduce<LeafRecord[]>(withLeaf, [
    good,
  ]);
  expect(filled).toHaveLength(maxLeaves);
  expect(filled[0]).toEqual(good);
  expect(filled.slice(1).map(({ head }) => head)).toEqual(
    Array.from({ length: 15 }, (_, i) => digest(i + 26)),
  );
});

test("marks a leaf committed once, and none that it has not", () => {
  const id = idOf(headTwo);
  const marked = markCommitted(stateTwo, id, minutes(5));
  expect(marked.leaves.at(-1)?.committedAt).toBe(minutes(5));
  expect(markCommitted(marked, id, minutes(6))).toBe(marked);
  expect(markCommitted(stateTwo, digest(9), minutes(5))).toBe(stateTwo);
});

test("denies the newest 64 systems, each once, with a reason that fits", () => {
  const denied = Array.from({ length: 70 }, (_, i) => path(i)).reduce(
    (state, one) => quarantineHere(state, { toplevel: one, reason: "x".repeat(1000), at: minutes(1) }),
    stateTwo,
  );
  const again = quarantineHere(denied, { toplevel: path(69), reason: "again", at: minutes(2) });
  expect(TrustState.parse(again).quarantinedHere.map((entry) => entry.toplevel)).toEqual(
    Array.from({ length: 64 }, (_, i) => path(i + 6)),
  );
});

test("a file of a version before a field was added is read", () => {
  const { ordersFloor: _, ...older } = stateTwo;
  expect(TrustState.parse(older)).toEqual(stateTwo);
});

const list = (count: number) => ({
  kind: "order" as const,
  envelope: signOrder(
    orderOf(
      {
        kind: "quarantine",
        serial: 1,
        toplevels: Array.from({ length: count }, (__, i) => path(i)),
        pardoned: [],
      },
      "1",
    ),
  ),
});

test("a list of 1,000 systems is taken whole, one more is not read", () => {
  expect(taken(stateTwo, list(maxQuarantine)).quarantine?.toplevels).toHaveLength(1000);
  expect(accept(stateTwo, list(maxQuarantine + 1), judge)).toMatchObject({ code: "input-invalid" });
});

test.each(["YQ", "YQ==\n", "YR==", "Y Q==", "-_==", "YWE=="])(
  "base 64 has one form: %j is not it",
  (spelling) => {
    expect(canonicalBase64(16).safeParse(spelling).success).toBe(false);
  },
);

test("key sets that were opened for one fleet are not another's", () => {
  expect(openKeys(stateTwo)).toBe(openKeys(stateTwo));
  const foreign = FleetId.parse("f".repeat(64));
  expect(() => openKeys({ ...stateTwo, fleetId: foreign })).toThrow(/the key set is of fleet/);
});
