/** Hold and quarantine through the real controller to nodes on the wire: only a node's own receipt counts. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startDevFleet, type DevFleet } from "./fixture/dev-fleet.ts";
import { toplevel } from "./fixture/signed-fleet.ts";

let fleet: DevFleet;
const [bad, worse] = [toplevel("bad"), toplevel("worse")];

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2", "n3"]);
  await fleet.connectNodes();
  await fleet.publish(["n1", "n2", "n3"].map((name) => fleet.leaf(name, "one")));
  await writeFile(join(fleet.home, "chimera.toml"), '[nodes.n1]\ntags = ["canary"]\n[nodes.n2]\n');
});
beforeEach(() => {
  for (const name of ["n1", "n2", "n3"]) {
    const node = fleet.node(name);
    node.orders.length = 0;
    node.onOrder = (id) => node.receiptOf(id);
  }
});
afterAll(() => fleet.close());

test("one order holds all named nodes, and each answers with its own receipt", async () => {
  const { code, out } = await fleet.chimera(
    "hold",
    "@canary",
    "n2",
    "--for",
    "2h",
    "--drift",
    "--reason",
    "backup",
  );
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/n1 +accepted +at .*receipt verified\nn2 +accepted/u),
  });
  expect(fleet.node("n1").orders).toEqual(fleet.node("n2").orders);
  expect(fleet.node("n3").orders).toEqual([]);
});

test("the list has what nodes say and what waits; a release is an order too", async () => {
  const hold = {
    until: new Date(Date.now() + 7_200_000).toISOString(),
    drift: true,
    evenPanic: false,
    author: "anna",
    reason: "backup",
  };
  fleet.node("n1").report({ hold, state: "held" });
  await vi.waitUntil(async () => (await fleet.chimera("hold", "list")).out.includes("drift reverts"), {
    timeout: 20_000,
  });
  const { out } = await fleet.chimera("hold", "list");
  expect(out).toMatch(/n1 .*deploys, drift reverts +anna +backup[\s\S]*hold +n1 n2/u);
  expect(await fleet.chimera("hold", "release", "--all", "--json")).toMatchObject({ code: 0 });
  expect(fleet.node("n3").orders).toHaveLength(1);
});

test("a node that refuses, one that is silent and one that cannot prove it make it fail, each by name", async () => {
  fleet.node("n1").onOrder = (id) => ({ refused: { id, code: "order-stale", message: "a newer hold" } });
  fleet.node("n3").onOrder = () => undefined;
  const mixed = await fleet.chimera("hold", "--all", "--for", "30m");
  expect(mixed.out).toMatch(
    /n1 +refused +order-stale: a newer hold\nn2 +accepted .*\nn3 +silent +gets it when it comes back, until 20/u,
  );
  expect(mixed).toMatchObject({ code: 65, err: expect.stringContaining("1 of 3 nodes (n1)") });
  const silent = await fleet.chimera("hold", "n3", "--for", "30m");
  expect(silent).toMatchObject({
    code: 75,
    err: expect.stringContaining("1 of 1 nodes (n3) did not answer"),
  });
  fleet.node("n1").onOrder = (id) => fleet.node("n2").receiptOf(id);
  const forged = await fleet.chimera("hold", "n1", "--for", "30m");
  // The controller checks it as well, and then has no answer.
  expect(forged.code).toBe(75);
});

test("what makes no sense is refused before anything is signed", async () => {
  for (const [args, code] of [
    [["--all"], 64],
    [["--for", "2h"], 64],
    [["n1", "--all", "--for", "2h"], 64],
    [["n1", "--for", "90d"], 64],
    [["n1", "--for", "soon"], 64],
    [["n9", "--for", "2h"], 67],
    [["@web", "--for", "2h"], 67],
  ] as const) {
    expect(await fleet.chimera("hold", ...args), args.join(" ")).toMatchObject({ code });
  }
  expect(fleet.node("n1").orders).toEqual([]);
});

test("a dry run shows the order and sends it to nobody", async () => {
  const before = fleet.node("n1").orders.length;
  expect(await fleet.chimera("hold", "n1", "n2", "--for", "2h", "--dry-run")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^hold for n1, n2, until 20\S+\nnothing was signed/u),
  });
  const { out } = await fleet.chimera("hold", "release", "--all", "--dry-run", "--json");
  expect(JSON.parse(out)).toMatchObject({
    type: "plan",
    order: { nodes: "all", action: { kind: "release" } },
  });
  expect(fleet.node("n1").orders).toHaveLength(before);
});

test("a path is ignored and put back again by orders with reason and end, and a strange one is not even signed", async () => {
  const args = ["drift", "ignore", "n1", "/etc/nginx/*.conf", "--for", "2h"];
  expect(await fleet.chimera(...args)).toMatchObject({ code: 64, err: expect.stringContaining("--reason") });
  const dry = await fleet.chimera(...args, "--reason", "measuring", "--dry-run", "--json");
  expect(JSON.parse(dry.out)).toMatchObject({
    order: {
      nodes: ["n1"],
      reason: "measuring",
      action: { kind: "drift-ignore", glob: "/etc/nginx/*.conf" },
    },
  });
  expect(fleet.node("n1").orders).toEqual([]);
  expect(await fleet.chimera(...args, "--reason", "measuring")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/n1 +accepted/u),
  });
  for (const path of [
    "/etc/../shadow",
    "etc/motd",
    "/etc/a\nb",
    "/etc/*a*a*a*a*",
    `/etc/${"a".repeat(4096)}`,
  ]) {
    const wrong = await fleet.chimera("drift", "ignore", "n1", path, "--for", "2h", "--reason", "x");
    expect(wrong, path.slice(0, 20)).toMatchObject({ code: 65, err: expect.stringContaining("the path ") });
  }
  expect(fleet.node("n1").orders).toHaveLength(1);
  expect(await fleet.chimera("drift", "unignore", "@canary", "/etc/nginx/*.conf")).toMatchObject({ code: 0 });
  expect(await fleet.chimera("drift", "resume", "n1", "/etc/hosts")).toMatchObject({ code: 0 });
  expect(fleet.node("n1").orders).toHaveLength(3);
});

test("what nodes ignore and what is fought over there is listed, by their own word", async () => {
  expect((await fleet.chimera("drift", "unignore")).out).toBe("nothing is ignored by an order");
  const until = new Date(Date.now() + 7_200_000).toISOString();
  const exception = { glob: "/etc/motd", until, createdAt: until, author: "anna", reason: "measuring" };
  fleet.node("n2").report({
    drift: {
      lastSweepAt: null,
      managed: 1,
      open: [],
      openCount: 0,
      reverted: 0,
      exceptions: [{ ...exception, ended: false }],
      fought: [{ path: "/etc/hosts", until, trips: 2 }],
    },
  });
  await vi.waitUntil(async () => (await fleet.chimera("drift", "unignore")).out.includes("/etc/motd"), {
    timeout: 20_000,
  });
  expect((await fleet.chimera("drift", "unignore", "n2")).out).toMatch(/n2 +\/etc\/motd .*anna +measuring/u);
  expect((await fleet.chimera("drift", "unignore", "n1")).out).toContain("nothing is ignored");
  const { out } = await fleet.chimera("drift");
  expect(out).toMatch(/fought over, reported only:\n.*\nn2 +\/etc\/hosts +20\S+ +2\n\nignored by orders:\n/u);
});

test("the quarantine list grows, shrinks, pardons and is shown, serial by serial", async () => {
  const dry = await fleet.chimera("quarantine", "add", bad, "--dry-run");
  expect(dry).toMatchObject({
    code: 0,
    out: expect.stringContaining("quarantine list 1: 1 toplevels; nothing was signed"),
  });
  expect((await fleet.chimera("quarantine", "list")).out).toContain("the fleet has no quarantine list");
  expect(await fleet.chimera("quarantine", "add", bad, worse, "--reason", "eats disks")).toMatchObject({
    code: 0,
  });
  expect((await fleet.chimera("quarantine", "list")).out).toMatch(
    /list 1 of .* by anna@.*\(eats disks\)[\s\S]*nixos-system-bad +all nodes/u,
  );
  expect(await fleet.chimera("quarantine", "remove", worse)).toMatchObject({ code: 0 });
  expect(await fleet.chimera("quarantine", "remove", worse)).toMatchObject({ code: 66 });
  expect(await fleet.chimera("quarantine", "pardon", worse, "--json")).toMatchObject({ code: 0 });
  const { out } = await fleet.chimera("quarantine", "list", "--json");
  expect(JSON.parse(out)).toMatchObject({
    order: { action: { serial: 3, toplevels: [bad], pardoned: [worse] }, nodes: "all" },
    toplevels: [
      { toplevel: bad, listed: true },
      { toplevel: worse, pardoned: true },
    ],
  });
  await expect(
    fleet.publish([fleet.leaf("n1", "bad"), fleet.leaf("n2", "one"), fleet.leaf("n3", "one")]),
  ).rejects.toThrow(/"quarantined"/u);
});

test("a pardon ends where a node denies again", async () => {
  fleet.node("n2").report({ quarantine: [worse] });
  await vi.waitUntil(async () => (await fleet.chimera("quarantine", "list")).out.includes("n2"), {
    timeout: 20_000,
  });
  const { err } = await fleet.chimera("quarantine", "add", toplevel("third"));
  expect(err).toContain(`nodes quarantine ${worse} still or again: its pardon is not carried on`);
});

test("orders of a key without the role, and a store that shows an older list, are refused", async () => {
  const config = join(fleet.home, ".config", "chimera", "config.toml");
  const text = await readFile(config, "utf8");
  await writeFile(
    config,
    text.replace(/orderKeyFile = .*/u, `orderKeyFile = "${join(fleet.dir, "keys/publish.key")}"`),
  );
  for (const args of [
    ["hold", "n1", "--for", "2h"],
    ["quarantine", "add", worse],
  ]) {
    expect(await fleet.chimera(...args)).toMatchObject({
      code: 77,
      err: expect.stringContaining("gives the role order to"),
    });
  }
  await writeFile(config, text);
  expect(await fleet.chimera("quarantine", "add", "/etc/passwd")).toMatchObject({ code: 65 });
  const copy = join(fleet.home, ".local/state/chimera", fleet.fleetId, "quarantine.9.json");
  const action = { kind: "quarantine", serial: 9, toplevels: [], pardoned: [] };
  const at = new Date().toISOString();
  const times = { createdAt: at, notAfter: new Date(Date.now() + 3_600_000).toISOString() };
  const order = { nonce: "0".repeat(32), nodes: "all", ...times, author: "anna", reason: "", action };
  await writeFile(copy, JSON.stringify(await fleet.sealed("order", order, "order")));
  expect(await fleet.chimera("quarantine", "list")).toMatchObject({
    code: 65,
    err: expect.stringMatching(/list 4, but 9 was seen here.*chimera reseed/u),
  });
  await rm(copy);
  expect(await fleet.chimera("quarantine", "list")).toMatchObject({ code: 0 });
});
