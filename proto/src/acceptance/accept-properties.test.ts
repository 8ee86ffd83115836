import { expect, test } from "vitest";
import { attacks } from "../../test/attacks.ts";
import * as fleet from "../../test/test-fleet.ts";
import { seal, sealBytes, type DocumentKind, type Envelope } from "../signed/envelope.ts";
import { comparePlace, type Place } from "../signed/place.ts";
import { accept, type Incoming } from "./accept.ts";
import { newestOf, openKeys, TrustState } from "./trust-state.ts";
import type { Verdict } from "./verdict.ts";

/** Mulberry32: the same numbers at every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const letters = ["a", "b", "c", "d"];
const heads = [1, 2, 3, 4, 5].flatMap((serial) =>
  letters.map((letter) => ({ serial, letter, envelope: fleet.signHead(fleet.headOf(serial, letter)) })),
);
const panics = heads.map(({ serial, letter, envelope }) => ({
  undone: envelope,
  envelope: fleet.signPanic(fleet.panicOf(envelope, fleet.headOf(serial, letter))),
}));
const followers = panics.map(({ envelope }, i) => {
  const previous = fleet.idOf(envelope);
  return fleet.signHead(fleet.headOf(2 + (i % 5), "b", { previous }));
});
const pool: Incoming[] = [
  ...heads.map(({ envelope, letter }) => fleet.offer(envelope, letter)),
  ...panics.map(({ envelope, undone }): Incoming => ({ kind: "panic", envelope, undone })),
  ...followers.map((envelope) => fleet.offer(envelope, "b")),
  ...["1", "2", "3"].map((nonce, i): Incoming => {
    const order = fleet.orderOf(i === 1 ? { kind: "release" } : fleet.hold, nonce, {
      createdAt: fleet.minutes(i),
    });
    return { kind: "order", envelope: fleet.signOrder(order) };
  }),
  ...[0, 1, 2].map((i): Incoming => ({ kind: "fresh", envelope: fleet.signFresh({ at: fleet.minutes(i) }) })),
  { kind: "keys", envelope: fleet.keysTwo },
];
const poolAndAttacks = [...pool, ...attacks.map(({ document }) => document)];

function rises(before: Place | null, after: Place | null): boolean {
  if (before === null) return true;
  return after !== null && comparePlace(after, before) >= 0;
}

function expectRises(before: TrustState, after: TrustState): void {
  expect(rises(newestOf(before)?.place ?? null, newestOf(after)?.place ?? null)).toBe(true);
  expect(openKeys(after).set.version).toBeGreaterThanOrEqual(openKeys(before).set.version);
  expect(after.quarantine?.serial ?? 0).toBeGreaterThanOrEqual(before.quarantine?.serial ?? 0);
  expect(floorOf(after)).toBeGreaterThanOrEqual(floorOf(before));
}

const floorOf = ({ clockFloor }: TrustState) => (clockFloor === null ? 0 : Date.parse(clockFloor));

function stateAfter(before: TrustState, verdict: Verdict): TrustState {
  const after = "state" in verdict ? verdict.state : undefined;
  if (after === undefined) return before;
  // A refusal remembers nothing but that two documents have one place.
  const kept = verdict.kind === "refused" ? { ...after, equivocation: before.equivocation } : before;
  expect(kept).toEqual(before);
  // What is written to disk is read again as it was.
  expect(TrustState.parse(JSON.parse(JSON.stringify(after)))).toEqual(after);
  return after;
}

test.each(Array.from({ length: 8 }, (_, seed) => seed))(
  "in whatever sequence documents come (seed %i), no place falls, and nothing is accepted twice",
  (seed) => {
    const random = numbersFrom(seed);
    const sequence = Array.from({ length: 120 }, () => pick(poolAndAttacks, random));
    let state = fleet.stateNew;
    for (const document of sequence) {
      const nowMs = fleet.judge.nowMs + Math.floor(random() * 3_000_000 - 1_500_000);
      const judge = { ...fleet.judge, nowMs };
      const verdict = accept(state, document, judge);
      const after = stateAfter(state, verdict);
      expectRises(state, after);
      const again = accept(after, document, judge).kind;
      expect(verdict.kind === "accepted" && again === "accepted").toBe(false);
      state = after;
    }
    expect(newestOf(state)).not.toBeNull();
  },
);

function pick(documents: readonly Incoming[], random: () => number): Incoming {
  const picked = documents[Math.floor(random() * documents.length)];
  if (picked === undefined) throw new Error("no documents");
  return picked;
}

const values: unknown[] = [
  null,
  -1,
  0,
  2 ** 53,
  1e308,
  "",
  "x".repeat(2000),
  "\u0000",
  [],
  {},
  true,
  "9999-12-31T23:59:59Z",
  "all",
];

/** The same document with one field of another value, rightly signed: what a program with a bug would sign. */
function resigned(envelope: Envelope, kind: DocumentKind, random: () => number): Envelope {
  const payload: unknown = JSON.parse(Buffer.from(envelope.payload, "base64").toString());
  if (typeof payload !== "object" || payload === null) return envelope;
  const fields = Object.keys(payload);
  const field = fields[Math.floor(random() * fields.length)] ?? "v";
  const value = values[Math.floor(random() * values.length)];
  const signers = [
    ...fleet.rootsOld,
    ...fleet.rootsNew,
    ...fleet.publishers,
    fleet.panicSigner,
    fleet.orderSigner,
    fleet.freshSigner,
  ];
  return seal(kind, { ...payload, [field]: value }, signers);
}

/** One byte of the payload turned, rightly signed or not. */
function damaged(envelope: Envelope, kind: DocumentKind, random: () => number): Envelope {
  const bytes = Buffer.from(envelope.payload, "base64");
  bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return random() < 0.5
    ? sealBytes(kind, bytes, [...fleet.publishers, fleet.panicSigner, fleet.orderSigner, fleet.freshSigner])
    : { ...envelope, payload: bytes.toString("base64") };
}

function pickChange(number: number): typeof resigned {
  if (number < 0.1) return (envelope) => envelope;
  return number < 0.5 ? resigned : damaged;
}

test("nothing that comes makes it throw, and whatever it accepts can be read again", () => {
  const random = numbersFrom(42);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i += 1) {
    const document = pick(pool, random);
    const change = pickChange(random());
    const mutant: Incoming = { ...document, envelope: change(document.envelope, document.kind, random) };
    const verdict = accept(fleet.stateTwo, mutant, fleet.judge);
    stateAfter(fleet.stateTwo, verdict);
    seen.add(verdict.kind);
  }
  expect([...seen].toSorted()).toEqual(["accepted", "known", "refused"]);
});
