/** `chimera panic` through the real controller: released with and without a key at hand, watched by the nodes' own receipts. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FleetView } from "@chimera/proto/api";
import { sha256 } from "@chimera/proto/signed/canonical";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";

const names = ["n1", "n2"];
const patience = { timeout: 20_000, interval: 50 };
let fleet: DevFleet;

beforeEach(async () => {
  fleet = await startDevFleet(names);
  await fleet.connectNodes();
  for (const word of ["one", "two"]) await fleet.publish(names.map((name) => fleet.leaf(name, word)));
});
afterEach(() => fleet.close());

async function view(): Promise<FleetView> {
  return FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
}

/** What a node would say of the panic that it finds in the store. */
async function answer(name: string, times: object, changes: object = {}): Promise<void> {
  const panic = await vi.waitUntil(async () => (await view()).panic, patience);
  const { id, panic: document } = panic;
  const at = new Date().toISOString();
  const { epoch, serial } = document;
  const none = { ack: at, active: null, pointer: null, boot: null };
  const receipt = fleet.node(name).receiptOf(id, {
    document: { kind: "panic", id, epoch, serial },
    state: "committed",
    times: { ...none, ...times },
  });
  fleet.node(name).report({ state: "committed", receipt, ...changes });
}

const done = () => {
  const at = new Date().toISOString();
  return { active: at, pointer: at, boot: at };
};

test("is released without a question with --yes, and ends when every node boots the world before; its receipts can be checked", async () => {
  const running = fleet.chimera("panic", "--yes", "--out", "receipts.json");
  await answer("n1", {});
  await answer("n2", done());
  await new Promise((later) => setTimeout(later, 300));
  await answer("n1", done());
  const { code, out, err } = await running;
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/undoes head 2 by .* on 2 nodes: .* signed now/u),
  });
  expect(err).toMatch(/^\d\.\d s: \d of 2 acknowledged: n\d/mu);
  expect(err).toMatch(/^\d\.\d s: 2 of 2 boot it: n1$/mu);
  expect(out).toMatch(/n1 +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +committed\nn2 /u);
  expect((await view()).panic?.panic).toMatchObject({ serial: 2, undoes: (await view()).head?.id });
  const checked = await fleet.chimera("receipt", "verify", "receipts.json");
  expect(checked, checked.err).toMatchObject({ code: 0 });
});

test("the document that was prepared is released without any key", async () => {
  const { head } = await view();
  if (head === null || head.head.revertTo === null) throw new Error("there is a head with a world before it");
  const { epoch, serial, revertTo } = head.head;
  const document = { epoch, serial, undoes: head.id, world: revertTo, reason: "prepared" };
  const envelope = await fleet.sealed("panic", document, "panic");
  expect((await fleet.http("PUT", "/v1/panic/ready", { envelope })).status).toBe(200);
  const config = join(fleet.home, ".config", "chimera", "config.toml");
  const text = await readFile(config, "utf8");
  expect(text).toContain("panicKeyFile");
  const dry = await fleet.chimera("panic", "--dry-run");
  expect(dry).toMatchObject({ code: 0, err: expect.stringContaining("prepared, from the controller") });
  expect((await view()).panic).toBeNull();
  const { code, out } = await fleet.chimera("panic", "--yes", "--no-follow", "--json");
  expect({ code, out: JSON.parse(out) }).toEqual({
    code: 0,
    out: { type: "released", panic: sha256(Buffer.from(envelope.payload, "base64")), serial: 2 },
  });
});

test("who did not answer, and who needs a person, is named, and makes it fail", async () => {
  const running = fleet.chimera("panic", "--yes", "--timeout", "3");
  await answer("n1", done());
  const silent = await running;
  expect(silent).toMatchObject({
    code: 75,
    err: expect.stringContaining("1 of 2 nodes are not back after 3 s: n2"),
  });
  expect(silent.out).toContain("did not answer: goes back before anything else when it returns");
  const at = new Date().toISOString();
  const problem = { code: "activation-failed", message: "nothing to go back to", at };
  const again = fleet.chimera("panic", "--yes", "--timeout", "20");
  await answer("n2", {}, { state: "panic-no-target", problem });
  expect(await again).toMatchObject({
    code: 70,
    err: expect.stringContaining("n2: panic-no-target: nothing to go back to"),
  });
});

test("a receipt that another node signed counts for nothing", async () => {
  const running = fleet.chimera("panic", "--yes", "--timeout", "3", "--json");
  await answer("n1", done());
  const { panic } = await view();
  const document = { kind: "panic", id: panic?.id, epoch: 0, serial: 2 };
  const forged = fleet.node("n1").receiptOf(panic?.id ?? "", { node: "n2", document, state: "committed" });
  fleet.node("n2").report({ state: "committed", receipt: forged });
  const { code, out } = await running;
  expect(code).toBe(75);
  const said = out.split("\n");
  const marks = ["ack", "active", "pointer", "boot"];
  expect(said.slice(0, 4).map((line) => JSON.parse(line))).toEqual(
    marks.map((mark) => ({ type: "mark", node: "n1", mark, ms: expect.any(Number) })),
  );
  expect(JSON.parse(said[4] ?? "")).toMatchObject({
    type: "result",
    nodes: [
      { node: "n1", state: "committed" },
      { node: "n2", marks: { ack: null } },
    ],
  });
});

test("without --yes, where nobody could answer, nothing is sent", async () => {
  const { code, err } = await fleet.chimera("panic");
  expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining("--yes") });
  expect((await view()).panic).toBeNull();
});
