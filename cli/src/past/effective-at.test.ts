/** The world that was in force at a time: heads, panics and rollouts that returned, and clocks that do not agree. */
import { Digest } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { Head } from "@chimera/proto/signed/head";
import { Panic } from "@chimera/proto/signed/panic";
import { expect, test } from "vitest";
import { effectiveAt, type PastHead, type PastPanic } from "./effective-at.ts";
import type { PastRecord } from "./rollout-voices.ts";

const digest = (letter: string) => letter.repeat(64);
const at = (minute: number) => `2026-11-29T12:${String(minute).padStart(2, "0")}:00.000Z`;
const ms = (minute: number) => Date.parse(at(minute));

/** Signed at minute 10 × serial, stored at the same time unless told otherwise. */
function head(serial: number, changes: object = {}, storedAt = at(10 * serial)): PastHead {
  const message = Head.parse({
    v: 1,
    kind: "head",
    fleetId: digest("f"),
    epoch: 0,
    serial,
    world: digest("abcde"[serial - 1] ?? "e"),
    size: 1,
    previous: serial === 1 ? null : digest(`${serial - 1}`),
    mode: "deploy",
    policy: {},
    revertTo: serial === 1 ? null : digest("abcde"[serial - 2] ?? "e"),
    consentUntil: at(59),
    createdAt: at(10 * serial),
    notAfter: at(59),
    author: "anna",
    reason: "",
    ...changes,
  });
  return { id: Digest.parse(digest(`${serial}`)), head: message, storedAt };
}

function panic(serial: number, world: string, minute: number): PastPanic {
  const message = { v: 1, kind: "panic", fleetId: digest("f"), epoch: 0, serial, reason: "" };
  return {
    id: Digest.parse(digest("9")),
    panic: Panic.parse({ ...message, undoes: digest(`${serial}`), world: digest(world) }),
    storedAt: at(minute),
    heardAt: null,
  };
}

/** As the store keeps it. */
function record(serial: number, minute: number, changes: object = {}): PastRecord {
  const written = { v: 1, head: digest(`${serial}`), lease: 1, phase: "returned", at: at(minute) };
  return {
    record: RolloutRecord.parse({ ...written, reason: "a canary", ...changes }),
    storedAt: at(minute),
    teller: null,
  };
}

const three = { heads: [head(3), head(2), head(1)], panics: [], records: [] };

test.each([
  [10, "a"],
  [19, "a"],
  [20, "b"],
  [29, "b"],
  [30, "c"],
  [59, "c"],
])("at minute %i the head of then counts", (minute, world) => {
  expect(effectiveAt(ms(minute), three)).toMatchObject({ kind: "head", world: digest(world) });
});

test("of before the first head nothing is known, nor where there is none", () => {
  expect(() => effectiveAt(ms(9), three)).toThrow(/nothing is known of .* begins with head 0\.1 of 2026/u);
  expect(() => effectiveAt(ms(9), { heads: [], panics: [], records: [] })).toThrow(/no head yet/u);
});

test("a panic counts from when it was stored until the next head", () => {
  const heads = [head(1), head(2), head(3, { previous: digest("9") })];
  const past = { heads, panics: [panic(2, "a", 25)], records: [] };
  expect(effectiveAt(ms(24), past)).toMatchObject({ kind: "head", world: digest("b") });
  expect(effectiveAt(ms(25), past)).toMatchObject({ kind: "panic", world: digest("a") });
  expect(effectiveAt(ms(29), past)).toMatchObject({ kind: "panic", world: digest("a") });
  expect(effectiveAt(ms(30), past)).toMatchObject({ kind: "head", world: digest("c") });
});

test("a panic that the store does not keep any more leaves a hole that is named, and nothing else", () => {
  const past = { heads: [head(1), head(2), head(3, { previous: digest("9") })], panics: [], records: [] };
  expect(() => effectiveAt(ms(25), past)).toThrow(/between head 0\.2 and 0\.3 .*9999.*name a serial/u);
  expect(effectiveAt(ms(15), past)).toMatchObject({ world: digest("a") });
  expect(effectiveAt(ms(30), past)).toMatchObject({ world: digest("c") });
});

test("a rollout that returned counts from when its lead said so, where its head consents", () => {
  const past = { ...three, records: [record(2, 22, { phase: "waves" }), record(2, 25)] };
  expect(effectiveAt(ms(24), past)).toMatchObject({ kind: "head", world: digest("b") });
  expect(effectiveAt(ms(26), past)).toMatchObject({ kind: "returned", world: digest("a") });
  expect(effectiveAt(ms(31), past)).toMatchObject({ kind: "head", world: digest("c") });
  const unwilling = { ...past, heads: [head(1), head(2, { consentUntil: at(21) })] };
  expect(effectiveAt(ms(26), unwilling)).toMatchObject({ kind: "head", world: digest("b") });
  const newerLease = { ...past, records: [...past.records, record(2, 23, { phase: "committed", lease: 2 })] };
  expect(effectiveAt(ms(26), newerLease)).toMatchObject({ kind: "head", world: digest("b") });
});

test("a head that was stored long after it was signed makes the time between ambiguous, and no other", () => {
  const past = { ...three, heads: [head(1), head(2, {}, at(27)), head(3)] };
  expect(() => effectiveAt(ms(25), past)).toThrow(
    /two worlds may have been in force: bbbb.* of head 0\.2 by what the authors signed, aaaa.* of head 0\.1 by when .*head 0\.2 was signed 2026-11-29T12:20/u,
  );
  expect(effectiveAt(ms(28), past)).toMatchObject({ world: digest("b") });
  // After a loss everything is stored anew, later than all of it was signed.
  const reseeded = { ...three, heads: three.heads.map((one) => ({ ...one, storedAt: at(50) })) };
  expect(effectiveAt(ms(25), reseeded)).toMatchObject({ world: digest("b") });
});

test("authors whose clocks go backwards: the higher head counts", () => {
  const past = { ...three, heads: [head(1), head(2), head(3, { createdAt: at(15) }, at(15))] };
  expect(effectiveAt(ms(21), past)).toMatchObject({ world: digest("c") });
});
