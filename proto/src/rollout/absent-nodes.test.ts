import { expect, test } from "vitest";
import { absentIn, indexOf, isAbsent, withAbsent } from "./absent-nodes.ts";
import { maxNodes } from "../signed/world.ts";
import { Released } from "./rollout-record.ts";

test("whoever is noted is absent, and nobody else, also of ten thousand", () => {
  const away = new Set(Array.from({ length: 3_000 }, (_, i) => (i * 7919) % 10_000));
  const released = Released.parse(withAbsent({ wave: 3, first: 2 }, away));
  expect(absentIn(released)).toEqual(away);
  for (let index = 0; index < 10_100; index += 1) expect(isAbsent(released, index)).toBe(away.has(index));
});

test("of the largest world there is everybody may be absent, the last one alone too", () => {
  for (const away of [new Set([maxNodes - 1]), new Set(Array.from({ length: maxNodes }, (_, i) => i))]) {
    const released = Released.parse(withAbsent({ wave: 31, first: 1 }, away));
    expect(absentIn(released)).toEqual(away);
    expect(isAbsent(released, maxNodes - 1)).toBe(true);
    expect(isAbsent(released, maxNodes)).toBe(false);
  }
});

test("where nobody is absent the record is as it was before there were any", () => {
  expect(withAbsent({ wave: 1, first: 4, absent: "/w==" }, new Set())).toEqual({ wave: 1, first: 4 });
  expect(absentIn({ wave: 1, first: 4 })).toEqual(new Set());
});

test("garbage there is somebody or nobody, and never an error", () => {
  for (const absent of ["%%%", "=", "\n", "ÿ"])
    expect(absentIn({ wave: 0, first: 1, absent })).toBeInstanceOf(Set);
});

test("positions go on from wave to wave", () => {
  expect(indexOf([1, 4, 15], { wave: 2, position: 3 })).toBe(8);
});
