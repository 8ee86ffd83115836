/** What a node shows of a path, through the real controller: only its own signature counts, and nothing waits in the store. */
import type { DriftShown } from "@chimera/proto/drift-shown";
import { Digest } from "@chimera/proto/names";
import { seal } from "@chimera/proto/signed/envelope";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";

let fleet: DevFleet;
const at = "2026-11-23T12:00:00.000Z";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const facts = { type: "file", size: 9, mode: "0644", uid: 0, gid: 0 } as const;

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  await fleet.connectNodes();
  await fleet.publish(["n1", "n2"].map((name) => fleet.leaf(name, "one")));
});
beforeEach(() => {
  fleet.node("n1").orders.length = 0;
  answerWith({});
});
afterAll(() => fleet.close());

function shownOf(order: string, over: Partial<DriftShown>) {
  return {
    v: 1,
    kind: "shown",
    fleetId: fleet.fleetId,
    node: "n1",
    order,
    path: "/etc/motd",
    at,
    explanation: {
      kind: "managed",
      toplevel: "/nix/store/x",
      entry: "/nix/store/x/etc/motd",
      expected: { type: "symlink", target: "/etc/static/motd" },
    },
    stance: { mode: "revert", why: "" },
    open: null,
    evidence: [
      { id: "e1", path: "/etc/motd", at, facts, modifiedAt: at, keptBytes: 9, worldReadable: true, links: 1 },
    ],
    of: "e1",
    content: {
      kind: "shown",
      expected: { base64: base64("hello\n"), size: 6 },
      found: { base64: base64("by ${me}\n"), size: 9 },
    },
    ...over,
  };
}

function answerWith(over: Partial<DriftShown>, signer = fleet.node("n1").signer): void {
  const node = fleet.node("n1");
  node.onOrder = (id) => ({
    receipt: node.receiptOf(id),
    shown: seal("shown", shownOf(id, over), [signer]),
  });
}

test("a difference is shown as a diff, for programs as it was signed, and no order is left in the store", async () => {
  const { code, out } = await fleet.chimera("drift", "show", "n1", "/etc/motd");
  expect(code, out).toBe(0);
  expect(out).toMatch(/managed\n[\s\S]*\* e1\n[\s\S]*-hello\n\+by \$\{me\}/u);
  const json = await fleet.chimera("drift", "show", "n1", "/etc/motd", "--json");
  expect(JSON.parse(json.out)).toMatchObject({ node: "n1", of: "e1" });
  expect((await fleet.chimera("hold", "list")).out).not.toContain("drift-show");
  expect(fleet.node("n1").orders).toHaveLength(2);
});

test("what another key signed, or is about another order, is not shown", async () => {
  answerWith({}, fleet.node("n2").signer);
  const forged = await fleet.chimera("drift", "show", "n1", "/etc/motd");
  expect(forged).toMatchObject({ code: 77, out: "" });
  answerWith({ order: Digest.parse("0".repeat(64)) });
  expect(await fleet.chimera("drift", "show", "n1", "/etc/motd")).toMatchObject({ code: 77, out: "" });
  fleet.node("n1").onOrder = (id) => fleet.node("n1").receiptOf(id);
  expect(await fleet.chimera("drift", "show", "n1", "/etc/motd")).toMatchObject({
    code: 70,
    err: expect.stringContaining("shows nothing"),
  });
  fleet.node("n1").onOrder = () => undefined;
  expect(await fleet.chimera("drift", "show", "n1", "/etc/motd")).toMatchObject({ code: 75 });
});

test("an unknown node and a strange path are refused before anything is signed, and a dry run signs nothing", async () => {
  expect(await fleet.chimera("drift", "show", "n9", "/etc/motd")).toMatchObject({ code: 67 });
  expect(await fleet.chimera("drift", "show", "n1", "/etc/../shadow")).toMatchObject({ code: 65 });
  const dry = await fleet.chimera("drift", "show", "n1", "/etc/motd", "--dry-run");
  expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/^drift-show for n1, until 20/u) });
  const adopt = await fleet.chimera("drift", "adopt", "n1", "/etc/motd", "--for", "2h", "--dry-run");
  expect(adopt.out).toMatch(/^drift-show for n1[\s\S]*drift-ignore for n1/u);
  expect(fleet.node("n1").orders).toEqual([]);
});

test("a change is adopted: the snippet alone on standard output, and the path is ignored for the time", async () => {
  const { code, out, err } = await fleet.chimera("drift", "adopt", "n1", "/etc/motd", "--for", "2h");
  expect(code, err).toBe(0);
  expect(out).toBe(
    "environment.etc.\"motd\" = {\n  text = ''\n    by ''${me}\n  '';\n  mode = \"0644\";\n};",
  );
  expect(err).toMatch(/n1 +accepted/u);
  expect(fleet.node("n1").orders).toHaveLength(2);
  answerWith({ content: { kind: "not-shown", reason: "mode 0600" } });
  const secret = await fleet.chimera("drift", "adopt", "n1", "/etc/motd", "--for", "2h");
  expect(secret).toMatchObject({ code: 66, out: "", err: expect.stringContaining("mode 0600") });
  answerWith({
    content: { kind: "shown", expected: null, found: { base64: base64("a\0b"), size: 3 } },
  });
  expect(await fleet.chimera("drift", "adopt", "n1", "/etc/motd", "--for", "2h")).toMatchObject({ code: 65 });
  for (const path of [
    "/run/systemd/system/a.service",
    "/etc/systemd/system.control/a.service",
    "/etc/passwd#anna",
  ])
    expect(await fleet.chimera("drift", "adopt", "n1", path, "--for", "2h")).toMatchObject({
      code: 65,
      out: "",
    });
  for (const path of ["/etc/k(1)", "/etc/a*b*c*d*e"])
    expect(await fleet.chimera("drift", "adopt", "n1", path, "--for", "2h")).toMatchObject({
      code: 65,
      out: "",
      err: expect.stringMatching(/parentheses|stars/u),
    });
  const dry = await fleet.chimera(
    "drift",
    "adopt",
    "n1",
    "/etc/a[1].conf",
    "--for",
    "2h",
    "--dry-run",
    "--json",
  );
  expect(dry.out).toContain(String.raw`"glob": "/etc/a\\[1\\].conf"`);
  // Nothing is ignored where nothing was adopted.
  expect(fleet.node("n1").orders).toHaveLength(4);
});

test("a path is explained by its node, without content, and here only by an agent", async () => {
  const asked = await fleet.chimera("drift", "explain", "n1", "/etc/motd");
  expect(asked.out).toMatch(/^\/etc\/motd: managed\n +declared by +\/nix\/store\/x\/etc\/motd/u);
  expect((await fleet.chimera("drift", "n1", "--explain", "/etc/motd")).out).toBe(asked.out);
  const explanation = { kind: "undeclared", part: "units", because: "no unit of ours" } as const;
  const stance = { mode: "report", why: "x", setBy: "default", change: "set it" } as const;
  answerWith({ path: "/run/systemd/system/a.service", explanation, stance, now: { type: "missing" } });
  const json = await fleet.chimera("drift", "explain", "n1", "/run/systemd/system/a.service", "--json");
  expect(JSON.parse(json.out)).toEqual({
    path: "/run/systemd/system/a.service",
    explanation,
    stance,
    open: null,
    now: { type: "missing" },
  });
  expect((await fleet.chimera("drift", "explain", "--help")).out).toContain(
    "chimera drift explain /etc/passwd#anna",
  );
  const here = await fleet.chimera("drift", "explain", "/etc/motd", "--socket", "/nonexistent/agent.sock");
  expect(here).toMatchObject({ code: 69, err: expect.stringContaining("no agent answers") });
});

test("the history of a path has what was found, put back and could not be", async () => {
  const found = { ...facts, size: 1 };
  const item = { path: "/etc/motd", kind: "content", expected: facts, found };
  fleet.node("n1").tell("drift-found", item);
  fleet.node("n1").tell("drift-reverted", { item, ms: 3, evidence: "e1" });
  fleet
    .node("n1")
    .tell("drift-unreverted", { item: { ...item, path: "/etc/b" }, code: "x", message: "full" });
  await vi.waitUntil(async () => (await fleet.chimera("drift", "history")).out.includes("full"), {
    timeout: 20_000,
  });
  const { out } = await fleet.chimera("drift", "history", "n1", "/etc/motd");
  expect(out).toMatch(/put back, 3 ms +content +\/etc\/motd .*kept as e1/u);
  expect(out).toMatch(/n1 +reported +content/u);
  expect(out).not.toContain("/etc/b");
  expect((await fleet.chimera("drift", "history", "n2")).out).toContain("no drift was told");
});
