import { initialTrust, quarantineHere } from "@chimera/proto/acceptance/trust-state";
import { noLocalState } from "@chimera/proto/local-order";
import { expect, test } from "vitest";
import { firstKeySet, fleetId } from "../control/fleet-fixture.ts";
import { a, b } from "../reconcile/model/machine-model.ts";
import { at } from "../reconcile/model/play-machine.ts";
import { undoesBooted } from "./undoes-booted.ts";

const state = initialTrust(firstKeySet, fleetId);
const standing = at("committed", { lastCommitted: b, foreign: { booted: a, seen: null } });
const sight = { state, local: noLocalState, journal: standing };
const report = { bootedOther: "report" } as const;

test("what was booted is left, unless the module says otherwise", () => {
  expect(undoesBooted(sight, report)).toBe(false);
  expect(undoesBooted(sight, { bootedOther: "revert" })).toBe(true);
  expect(undoesBooted({ ...sight, state: null }, report)).toBe(false);
});

test("nothing is undone where nothing was booted so", () => {
  for (const journal of [null, at("committed")])
    expect(undoesBooted({ ...sight, journal }, { bootedOther: "revert" })).toBe(false);
});

test("root lets the node go on in the boot that he saw, and in no other", () => {
  const released = { ...noLocalState, goesOnIn: standing.bootId };
  expect(undoesBooted({ ...sight, local: released }, report)).toBe(true);
  const later = { ...standing, bootId: "another" };
  expect(undoesBooted({ ...sight, local: released, journal: later }, report)).toBe(false);
});

test("what is in quarantine is not left to run, whoever boots it", () => {
  const denied = quarantineHere(state, {
    toplevel: a,
    reason: "undone by a panic",
    at: "2026-11-23T12:00:00.000Z",
  });
  expect(undoesBooted({ ...sight, state: denied }, report)).toBe(true);
  const other = quarantineHere(state, { toplevel: b, reason: "x", at: "2026-11-23T12:00:00.000Z" });
  expect(undoesBooted({ ...sight, state: other }, report)).toBe(false);
});
