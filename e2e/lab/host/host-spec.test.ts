import { expect, test } from "vitest";
import { planHosts, usualHosts } from "./host-spec.ts";

const base = { subnet: "10.87.31", rootfs: "/rootfs" };

test("the usual lab is a hub, numbered nodes and the operator's machine", () => {
  const hosts = planHosts(usualHosts(2), base);
  expect(hosts.map((host) => [host.name, host.address])).toEqual([
    ["hub", "10.87.31.10"],
    ["n1", "10.87.31.101"],
    ["n2", "10.87.31.102"],
    ["ws", "10.87.31.11"],
  ]);
});

test("VMs are nodes after the containers, on a root filesystem of their own", () => {
  const hosts = planHosts(usualHosts(1, [{ espMb: 48 }, {}]), { ...base, vmRootfs: "/vm" });
  expect(hosts.map(({ name, address, lowers, vm }) => [name, address, lowers[0], vm?.espMb])).toEqual([
    ["hub", "10.87.31.10", "/rootfs", undefined],
    ["n1", "10.87.31.101", "/rootfs", undefined],
    ["v1", "10.87.31.102", "/vm", 48],
    ["v2", "10.87.31.103", "/vm", 128],
    ["ws", "10.87.31.11", "/rootfs", undefined],
  ]);
  expect(() => usualHosts(1, 99)).toThrow(/--vms: 99/);
});

test("a VM that should see a folder of this machine is refused by name", () => {
  const spec = { name: "v1", kind: "node", vm: {}, binds: [{ from: "/a", to: "/b" }] } as const;
  expect(() => planHosts([spec], { ...base, vmRootfs: "/vm" })).toThrow(/^v1: a VM sees no folders/);
});

test("a seed lies above the root filesystem", () => {
  const [host] = planHosts([{ name: "n1", kind: "node", seed: "/seed" }], base);
  expect(host?.lowers).toEqual(["/seed", "/rootfs"]);
});

test("a number of nodes that cannot be is refused by name", () => {
  for (const nodes of [-1, 1.5, 101, Number.NaN]) expect(() => usualHosts(nodes)).toThrow(/--nodes: /);
});

test("names that are no host names, and hosts given twice, are refused", () => {
  for (const name of ["", "N1", "a b", "../x", "1n", "a".repeat(32)]) {
    expect(() => planHosts([{ name, kind: "node" }], base)).toThrow(/a host is named by/);
  }
  const twice = { name: "n1", kind: "node" } as const;
  expect(() => planHosts([twice, twice], base)).toThrow(/given twice/);
  expect(() =>
    planHosts(
      [
        { name: "a", kind: "hub" },
        { name: "b", kind: "hub" },
      ],
      base,
    ),
  ).toThrow(/given twice/);
});
