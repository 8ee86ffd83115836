import { expect, test } from "vitest";
import { hostAddress, overlaps } from "./network.ts";

test("a /24 is taken by a route that holds it, lies in it, or is it", () => {
  const routes = [
    "10.0.0.0/8",
    "10.87.31.0/24",
    "10.87.31.128/25",
    "10.87.31.7",
    "10.87.30.0/23",
    "0.0.0.0/0",
  ];
  expect(routes.filter((route) => overlaps(route, "10.87.31"))).toEqual(routes);
});

test("neighbours and the default route do not take it", () => {
  const routes = ["default", "10.87.32.0/24", "10.87.28.0/23", "192.168.0.0/16", "10.87.30.255"];
  expect(routes.filter((route) => overlaps(route, "10.87.31"))).toEqual([]);
});

test("every host of the largest lab has an address of its own", () => {
  const nodes = Array.from({ length: 100 }, (_, i) =>
    hostAddress("10.87.31", { kind: "node", index: i + 1 }),
  );
  const all = [
    hostAddress("10.87.31", { kind: "hub", index: 1 }),
    hostAddress("10.87.31", { kind: "ws", index: 1 }),
    hostAddress("10.87.31", { kind: "ws", index: 2 }),
  ];
  expect(new Set([...nodes, ...all]).size).toBe(103);
  expect(nodes[0]).toBe("10.87.31.101");
});
