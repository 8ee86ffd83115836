// What operators sign, on a fleet that is up: hold, panic, quarantine, receipts, freshness.
import { afterAll, beforeAll, expect, test } from "vitest";
import { DocumentFound, FleetView } from "@chimera/proto/api";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { StorePath } from "@chimera/proto/names";
import { keys } from "@chimera/proto/subjects";
import { callerOf, type Scene } from "../attacks/scene.ts";
import { restartAgent } from "../fleet/faked-clock.ts";
import { deployWorld, pointersOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorOf, type Operator } from "../fleet/operator.ts";
import { operatorKey } from "../fleet/operator-keys.ts";
import { openRawStore, type RawStore } from "../fleet/raw-store.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import { waitUntil } from "../lab/wait-until.ts";

let fleet: Fleet;
let operator: Operator;
let store: RawStore;
let call: Scene["call"];
let close = () => Promise.resolve();
/** Nodes then take no head when they have not heard from the controller for a minute. */
const agentConfig = { freshSeconds: 60 };
const labelled = (label: string) => expect.stringMatching(new RegExp(`-nixos-system-n\\d-${label}$`));

beforeAll(async () => {
  fleet = await startFleet({ nodes: 2 });
  operator = operatorOf(fleet.lab);
  call = await callerOf(fleet);
  store = await openRawStore(fleet.lab, fleet.facts.fleetId);
  close = () => store.close();
  await deploy("a");
  await deploy("b");
});
afterAll(async () => {
  await close();
  await downUnlessInUse();
});

async function deploy(label: string, args: readonly string[] = []): Promise<void> {
  const { code, stdout, stderr } = await deployWorld(fleet, label, { args, agentConfig });
  expect(code, stdout + stderr).toBe(0);
}

async function expectEverywhere(label: string): Promise<void> {
  for (const node of fleet.lab.nodes) {
    const pointers = await pointersOf(node);
    expect(pointers, node.name).toEqual({
      current: labelled(label),
      profile: labelled(label),
      bootDefault: labelled(label),
    });
  }
}

async function running(node: string): Promise<string> {
  return (await pointersOf(fleet.lab.host(node))).current;
}

async function newest() {
  const { head, panic, revision } = FleetView.parse((await call("GET", "/v1/fleet")).json);
  if (head === null) throw new Error("the fleet has no head");
  return { head, panic, revision };
}

test("a held node begins nothing, says so, and goes on after its release", async () => {
  const held = await operator.run(["hold", "n1", "--for", "10m", "--reason", "a test"]);
  expect(held, held.stderr).toMatchObject({ code: 0 });
  await deploy("c", ["--no-follow"]);
  await waitView(fleet, "n2", ({ status }) => status?.state === "committed" && status.accepted?.serial === 3);
  const { status } = await waitView(fleet, "n1", (view) => view.status?.waiting?.reason === "held");
  expect(status).toMatchObject({
    hold: { author: expect.any(String), reason: "a test" },
    accepted: { serial: 3 },
  });
  expect(await running("n1")).toMatch(/-b$/);
  expect(await running("n2")).toMatch(/-c$/);
  const released = await operator.run(["hold", "release", "n1"]);
  expect(released, released.stderr).toMatchObject({ code: 0 });
  await waitView(fleet, "n1", (view) => view.status?.state === "committed" && view.status.hold === null);
  await expectEverywhere("c");
});

test("receipts are checked with nobody's help: no network, no configuration, only the fleet's id", async () => {
  await operator.ok(["receipt", "save", "--out", "/root/receipts.json"]);
  const ws = fleet.lab.host("ws");
  const argv = [
    "unshare",
    "--net",
    "env",
    "HOME=/nowhere",
    "chimera",
    "receipt",
    "verify",
    "/root/receipts.json",
  ];
  const verified = await ws.run([...argv, "--fleet", fleet.facts.fleetId]);
  expect(verified, verified.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/n1[^]*n2/) });
  const forged = (await ws.runChecked(["cat", "/root/receipts.json"])).replace(/("sig":\s*").{4}/, "$1AAAA");
  await ws.runChecked(["tee", "/root/receipts.json"], { input: forged });
  const refused = await ws.run([...argv, "--fleet", fleet.facts.fleetId]);
  expect(refused.code, refused.stdout).not.toBe(0);
});

/** As the node says it, whatever the controller and the operator's own memory make of the store. */
async function problemOf(node: string, code: string, words = ""): Promise<void> {
  const said = async () => {
    const { problem } = await store.statusOf(node);
    return problem?.code === code && problem.message.includes(words);
  };
  await waitUntil(`${node} says ${code}`, said, { timeoutMs: 90_000, everyMs: 200 });
}

/** What the test wrote as a head: for the controller it would be the newest that the publish key signed. */
async function withdraw(): Promise<void> {
  await store.erase(keys.desired("head", fleet.facts.fleetId));
  await store.put(keys.desired("head", fleet.facts.fleetId), undone.envelope);
}

let undone: Awaited<ReturnType<typeof newest>>["head"];
let undoneSystem: StorePath;
let ready: Envelope;

test("without a word of the controller for too long a node raises an alarm and takes no head", async () => {
  undone = (await newest()).head;
  undoneSystem = StorePath.parse(await running("n1"));
  const found = DocumentFound.parse((await call("GET", "/v1/panic/ready")).json);
  if (found.envelope === null) throw new Error("no panic was signed in advance");
  ready = found.envelope;
  for (const node of fleet.lab.nodes) await restartAgent(node);
  await fleet.lab.host("hub").runChecked(["systemctl", "stop", "chimera-controller"]);
  const { head, id } = undone;
  const next = { ...head, serial: head.serial + 1, previous: id, createdAt: new Date().toISOString() };
  await problemOf("n1", "freeze-suspected");
  await store.put(
    keys.desired("head", fleet.facts.fleetId),
    seal("head", next, [await operatorKey("publish")]),
  );
  // The alarm was there before: these are the words of who judged the head.
  await problemOf("n1", "freeze-suspected", "or its clock is ahead");
  await withdraw();
  expect((await store.statusOf("n1")).accepted?.serial).toBe(head.serial);
});

test("a panic is obeyed all the same, without the controller and without a download", async () => {
  await store.put(keys.desired("panic", fleet.facts.fleetId), ready);
  for (const node of fleet.lab.nodes) {
    await waitUntil(`${node.name} is back`, async () => (await running(node.name)).endsWith("-b"), {
      timeoutMs: 60_000,
      everyMs: 200,
    });
  }
  await fleet.lab.host("hub").runChecked(["systemctl", "start", "chimera-controller"]);
  const { status } = await waitView(fleet, "n1", (view) => view.status?.panic?.serial === undone.head.serial);
  expect(status?.quarantine).toContain(undoneSystem);
  await waitView(fleet, "n2", (view) => view.status?.state === "committed");
  await expectEverywhere("b");
});

test("after a panic only a head that follows it is taken", async () => {
  const { panic, revision } = await newest();
  const next = { ...undone.head, serial: undone.head.serial + 1, previous: undone.id };
  const envelope = seal("head", next, [await operatorKey("publish")]);
  const answer = await call("PUT", "/v1/head", { envelope, expectedRevision: revision });
  expect(answer).toMatchObject({ status: 409, code: "panic-not-followed" });
  await store.put(keys.desired("head", fleet.facts.fleetId), envelope);
  await problemOf("n1", "panic-not-followed");
  await withdraw();
  await deploy("d");
  await expectEverywhere("d");
  expect((await newest()).head.head.previous).toBe(panic?.id);
});

test("a system in quarantine is not activated again until it is taken out", async () => {
  const toplevel = StorePath.parse(await running("n1"));
  await deploy("e");
  await operator.ok(["quarantine", "add", toplevel, "--reason", "a test"]);
  await waitView(fleet, "n1", ({ status }) => status?.quarantine?.includes(toplevel) === true);
  const back = await operator.run(["rollback", "--reason", "into quarantine"]);
  expect(back, back.stderr).toMatchObject({ code: 65, stderr: expect.stringContaining("quarantine") });
  await operator.ok(["quarantine", "remove", toplevel]);
  await waitView(fleet, "n1", ({ status }) => status?.quarantine?.includes(toplevel) === false);
  await operator.ok(["rollback", "--reason", "out of quarantine"]);
  await expectEverywhere("d");
});
