/** A specialisation of our own system is that system. */
import { StorePath } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { a, b, c, desired, observed, panicOf } from "../model/machine-model.ts";
import { at, kinds, play } from "../model/play-machine.ts";
import { comparedSystem, comparedToplevel, foldSpecialisation, specialisationsOf } from "./specialisation.ts";

const gpu = StorePath.parse(`/nix/store/${"g".repeat(32)}-nixos-system-b-gpu`);
const ours = { current: b, booted: b, profile: b, bootDefault: b };
const variants = { of: b, names: new Map([[gpu, "gpu"]]) };
const running = { of: b, name: "gpu", path: gpu };
const committed = at("committed", { lastCommitted: b });

test("one that runs, was booted or is the boot default is its system; what runs is told beside that", () => {
  expect(foldSpecialisation({ ...ours, current: gpu, booted: gpu, bootDefault: gpu }, variants)).toEqual({
    system: ours,
    specialisation: running,
  });
  expect(foldSpecialisation({ ...ours, booted: gpu }, variants)).toEqual({
    system: ours,
    specialisation: null,
  });
});

test("another system's is none, and a profile that somebody moved to one was moved", () => {
  const foreign = { ...ours, current: c };
  expect(foldSpecialisation(foreign, variants)).toEqual({ system: foreign, specialisation: null });
  expect(foldSpecialisation({ ...ours, current: gpu }, null).system.current).toBe(gpu);
  expect(foldSpecialisation({ ...ours, profile: gpu }, variants).system.profile).toBe(gpu);
  const unknown = { current: null, booted: null, profile: null, bootDefault: null };
  expect(foldSpecialisation(unknown, variants)).toEqual({ system: unknown, specialisation: null });
});

test("whose variants count: of what is to run now, never of what an order has yet to activate", () => {
  expect(specialisationsOf(null)).toBeNull();
  expect(specialisationsOf(committed)).toBe(b);
  expect(specialisationsOf(at("probation"))).toBe(b);
  expect(specialisationsOf(at("staged", { toplevel: c, lastCommitted: b }))).toBe(b);
  expect(specialisationsOf(at("rebooting", { toplevel: c, lastCommitted: b }))).toBe(b);
  expect(specialisationsOf(at("reverted"))).toBe(a);
  expect(specialisationsOf(at("reverting"))).toBeNull();
});

test("/etc is compared with the closure of the variant that runs, while that is the system's own", () => {
  const variant = (specialisation: typeof running | null) => ({
    specialisation,
    running: gpu,
    isSigned: () => true,
  });
  expect(comparedToplevel(committed, variant(running))).toBe(gpu);
  expect(comparedToplevel(committed, variant(null))).toBe(b);
  expect(comparedToplevel(committed, variant({ ...running, of: a }))).toBe(b);
  expect(comparedToplevel(at("activating"), variant(running))).toBeNull();
});

test("what was booted in the place of ours is compared with what was signed for it, while it runs and is left", () => {
  const left = at("committed", { lastCommitted: b, foreign: { booted: a, seen: null } });
  const seen = { running: a, isSigned: (path: string) => path === a };
  expect(comparedSystem(left, seen)).toBe(a);
  expect(comparedToplevel(left, { ...seen, specialisation: null })).toBe(a);
  // Nobody signed it, or somebody switched to another one since.
  expect(comparedSystem(left, { ...seen, isSigned: () => false })).toBe(b);
  expect(comparedSystem(left, { ...seen, running: c })).toBe(b);
  expect(comparedSystem(committed, seen)).toBe(b);
  expect(comparedSystem(at("activating", { foreign: { booted: a, seen: null } }), seen)).toBeNull();
});

test("nothing is put back while one runs, and a new order activates its own system's base", () => {
  const { system } = foldSpecialisation({ ...ours, current: gpu }, variants);
  const seen = observed({ system });
  const rest = play({ seen, journal: committed, want: desired(1, b) });
  expect([rest.actions, rest.last.waiting]).toEqual([[], null]);
  const moved = play({ seen, journal: committed, want: desired(2, c) });
  expect(kinds(moved.actions)).toContain("test c");
  expect(moved.journal).toMatchObject({ step: "committed", toplevel: c, before: { current: b } });
  const back = play({ seen: moved.seen, journal: moved.journal, want: panicOf(2, b) });
  expect(back.seen.system).toMatchObject({ current: b, profile: b, bootDefault: b });
});
