/** When a difference counts, and what is told of paths of which nothing is known. */
import type { DriftItem } from "@chimera/proto/drift";
import { expect, test } from "vitest";
import { createSightings, secondLook } from "./second-look.ts";
import { createUnknownPaths, persistMs } from "./unknown-paths.ts";

const path = "/nix/store/00000000000000000000000000000000-a";
const itemOf = (kind: DriftItem["kind"], detail = "x"): DriftItem => ({
  path,
  kind,
  expected: { type: "nar" },
  found: { type: "nar", detail },
});
const writable = itemOf("store-metadata", "bin: mode 0755");
const { bytesMs, metadataMs } = secondLook;

test("a mode that passes never counts, one that stays for a minute does", () => {
  expect(metadataMs).toBeGreaterThanOrEqual(60_000);
  const sightings = createSightings();
  expect(sightings.sight(writable, 0)).toBe(false);
  expect(sightings.due(metadataMs - 1)).toEqual([]);
  expect(sightings.due(metadataMs)).toEqual([{ path, isRead: false }]);
  expect(sightings.sight(writable, metadataMs - 1)).toBe(false);
  sightings.forget(path);
  expect(sightings.sight(writable, metadataMs)).toBe(false);
  expect(sightings.sight(writable, 2 * metadataMs)).toBe(true);
  expect(sightings.nextMs()).toBeNull();
});

test("what hands out rights counts at once", () => {
  const sightings = createSightings();
  const found = { type: "nar", mode: "4555", uid: 0, detail: "bin/sh: mode 4555" } as const;
  expect(sightings.sight({ ...writable, found }, 0)).toBe(true);
});

test("another mode at each look is an optimiser's work, until it has gone on for too long", () => {
  const sightings = createSightings();
  const told: number[] = [];
  for (let minute = 0; minute < 12; minute += 1) {
    const item = itemOf("store-metadata", `folder-${minute}: mode 0755`);
    if (sightings.sight(item, minute * metadataMs)) told.push(minute);
  }
  expect(told[0]).toBe(10);
});

test("wrong bytes count at the second look, however they are wrong then", () => {
  const sightings = createSightings();
  expect(sightings.sight(itemOf("store-missing"), 0)).toBe(false);
  expect(sightings.sight(itemOf("store-content"), bytesMs - 1)).toBe(false);
  expect(sightings.due(bytesMs)).toEqual([{ path, isRead: true }]);
  expect(sightings.sight(itemOf("store-content", "other"), bytesMs)).toBe(true);
  // What counts goes on to count until it is over.
  expect(sightings.sight(itemOf("store-content"), bytesMs + 1)).toBe(true);
});

test("a wrong mode is no first look at wrong bytes", () => {
  const sightings = createSightings();
  sightings.sight(writable, 0);
  expect(sightings.sight(itemOf("store-content"), 2 * metadataMs)).toBe(false);
});

test("a second look that could say nothing is tried again later", () => {
  const sightings = createSightings();
  sightings.sight(itemOf("store-content"), 0);
  sightings.defer(path, bytesMs);
  expect(sightings.due(bytesMs)).toEqual([]);
  expect(sightings.nextMs()).toBeGreaterThan(bytesMs);
});

const emfile = { kind: "unknown", reason: "EMFILE", at: "bin", wasRead: false } as const;

test("what could not be looked at is tried again later and later, and told once it lasts", () => {
  const unknowns = createUnknownPaths();
  const looks: number[] = [];
  const told: number[] = [];
  for (let nowMs = 0; nowMs < 3600_000; nowMs = unknowns.nextMs() ?? Infinity) {
    looks.push(nowMs);
    unknowns.note(path, emfile, nowMs);
    if (unknowns.persisting(nowMs).length > 0) told.push(nowMs);
  }
  expect(looks.slice(0, 4)).toEqual([0, 5_000, 15_000, 35_000]);
  expect((looks.at(-1) ?? 0) - (looks.at(-2) ?? 0)).toBe(600_000);
  expect(told[0]).toBeGreaterThanOrEqual(persistMs);
  expect(told[0]).toBeLessThan(2 * persistMs);
});

test("one reason is told once, of however many paths; a reason that changes begins anew", () => {
  const unknowns = createUnknownPaths(10);
  const paths = Array.from({ length: 300 }, (_, i) => `${path}${i}`);
  for (const nowMs of [0, 5, 10]) for (const one of paths) unknowns.note(one, emfile, nowMs);
  expect(unknowns.persisting(10)).toEqual([expect.objectContaining({ reason: "EMFILE", at: "bin" })]);
  for (const one of paths) unknowns.note(one, { ...emfile, reason: "ENOMEM" }, 20);
  expect(unknowns.persisting(20)).toEqual([]);
  for (const one of paths) unknowns.noteKnown(one);
  expect(unknowns.due(Infinity)).toEqual([]);
});
