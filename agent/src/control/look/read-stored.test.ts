import { StandingOrders } from "@chimera/proto/api";
import { Envelope } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { firstKeySet, sealOrder } from "../fleet-fixture.ts";
import { parseBounded } from "./read-stored.ts";

const bytes = (text: string) => Buffer.from(text);

test("a document and a full list of orders are read", () => {
  expect(parseBounded(bytes(JSON.stringify(firstKeySet)), Envelope)).toMatchObject({ kind: "found" });
  const orders = Array.from({ length: 256 }, () => sealOrder({ kind: "release" }));
  const list = JSON.stringify({ v: 1, orders });
  expect(parseBounded(bytes(list), StandingOrders)).toMatchObject({ kind: "found" });
});

for (const [name, data] of [
  ["100 MB", Buffer.alloc(100 << 20, "x")],
  ["a tower of brackets", bytes("[".repeat(1_900_000))],
  ["a tower of objects", bytes('{"a":'.repeat(300_000))],
] as const) {
  test(`${name} costs nothing and is refused`, () => {
    const begun = performance.now();
    expect(parseBounded(data, Envelope)).toMatchObject({ kind: "malformed" });
    expect(performance.now() - begun).toBeLessThan(50);
  });
}

for (const [name, text] of [
  ["trailing bytes", `${JSON.stringify(firstKeySet)}x`],
  ["base 64 in another spelling", JSON.stringify({ ...firstKeySet, payload: `${firstKeySet.payload}=` })],
  ["no signatures", JSON.stringify({ ...firstKeySet, signatures: [] })],
  ["another form", "[]"],
  ["nothing but space", "  "],
] as const) {
  test(`${name} is no document`, () => {
    expect(parseBounded(bytes(text), Envelope)).toMatchObject({ kind: "malformed" });
  });
}
