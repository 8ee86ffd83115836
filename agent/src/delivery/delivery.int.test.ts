/** Documents that somebody brings himself: the real program and socket, and every way in which a bundle can be wrong. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { closureDigest, type ClosureEntry } from "@chimera/proto/signed/closure";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey } from "@chimera/proto/signed/keys";
import { FleetId, StorePath } from "@chimera/proto/names";
import { maxBundleBytes, type Delivery } from "@chimera/proto/delivery";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createHead,
  createKeySet,
  createLeaf,
  createSigner,
  firstKeySet,
  fleetId,
  idOf,
  node,
  sealFresh,
  sealHead,
  sealPanic,
  signers,
} from "../control/fleet-fixture.ts";
import { readClosureList } from "../host/store/closure-lists.ts";
import { startReceiver, type Receiver } from "./receiver-fixture.ts";
import {
  bundleOf,
  nodeKey,
  openTrustedDesk,
  otherNode,
  withLeaf,
  type TrustedDesk,
} from "./trusted-desk-fixture.ts";

let receiver: Receiver;
let desk: TrustedDesk;

beforeEach(async () => {
  const cacheKey = generateKey("cache").public;
  receiver = await startReceiver({
    node,
    fleetId,
    trustedKeys: firstKeySet,
    cacheKey,
    openDesk: (save) => (desk = openTrustedDesk(save)),
  });
});
afterEach(() => receiver.dispose());

const leafOf = (letter: string) => createLeaf(nodeKey, letter);
const headOf = (serial: number, letter = "a") => {
  const leaves = [leafOf(letter)];
  return withLeaf(sealHead(createHead(serial, leaves)), leaves);
};
const deliver = (bundle: Delivery) => receiver.agent(["deliver"], `${JSON.stringify(bundle)}\n`);
const verdictsOf = async (bundle: Delivery) => {
  const answer = await receiver.ask(bundle.documents);
  return answer.ok ? answer.verdicts : answer;
};
const serial = () => receiver.onDisk()?.head?.head.serial;

test("a head with its leaf and closure list is on disk when it is answered, opens a session, and comes twice for nothing", async () => {
  const path = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-a`);
  const entries: ClosureEntry[] = [
    { path, narHash: `sha256-${"A".repeat(43)}=`, narSize: 1, references: [] },
  ];
  const bundle = bundleOf({ head: headOf(3) }, { closure: { v: 1, entries } });
  const { exitCode, answer } = await deliver(bundle);
  expect(exitCode).toBe(0);
  expect(answer).toMatchObject({ ok: true, outcome: "delivered", verdicts: [{ verdict: "accepted" }] });
  expect(serial()).toBe(3);
  expect(readClosureList(receiver.stateDir, closureDigest(entries))).toEqual(entries);
  expect(await verdictsOf(bundle)).toEqual([{ document: "head", verdict: "known", code: null, reason: "" }]);
  expect(desk.opened).toEqual([3]);
});

test("a report holds what proves it: signed status, accepted documents, own leaves", async () => {
  const head = headOf(3);
  await deliver(bundleOf({ head }));
  const { exitCode, answer } = await receiver.agent(["report"]);
  expect(exitCode).toBe(0);
  expect(answer).toMatchObject({ outcome: "reported", report: { head: head.envelope, panic: null } });
  expect(answer?.ok === true && answer.report?.proofs).toEqual([head.proof]);
});

test("key sets come first, one after the other, and the head by the newest of them", async () => {
  const next = createSigner("ops-publish-2");
  const { roles } = createKeySet(2);
  const publish = { keys: [next.publicKey], threshold: 1 };
  const second = seal("keys", createKeySet(2), [signers.root]);
  const third = seal("keys", createKeySet(3, { roles: { ...roles, publish } }), [signers.root]);
  const leaves = [leafOf("a")];
  const head = withLeaf(sealHead(createHead(4, leaves), next), leaves);
  expect(await verdictsOf(bundleOf({ keySets: [third], head }))).toMatchObject([
    { document: "keys", verdict: "refused", code: "keys-skipped" },
    { document: "head", verdict: "refused", code: "signature-invalid" },
  ]);
  expect(await verdictsOf(bundleOf({ keySets: [second, third], head }))).toMatchObject([
    { verdict: "accepted" },
    { verdict: "accepted" },
    { document: "head", verdict: "accepted" },
  ]);
  expect(serial()).toBe(4);
});

test("a panic brings the head that it undoes, for a node that was away", async () => {
  await deliver(bundleOf({ head: headOf(3) }));
  const undone = headOf(4, "b").envelope;
  const { world } = createHead(3, [leafOf("a")]);
  const envelope = sealPanic(undone, { world });
  expect(await verdictsOf(bundleOf({ panic: { envelope, undone: null } }))).toMatchObject([
    { document: "panic", verdict: "refused", code: "panic-void" },
  ]);
  expect(await verdictsOf(bundleOf({ panic: { envelope, undone } }))).toMatchObject([
    { verdict: "accepted" },
  ]);
  expect(receiver.onDisk()?.panic?.panic).toMatchObject({ serial: 4 });
  expect(desk.opened).toEqual([3, 4]);
});

test("nobody gets more by bringing it himself: stale, expired, forged, unproven and jumping heads are refused as ever", async () => {
  await deliver(bundleOf({ head: headOf(5) }));
  const leaves = [leafOf("b")];
  const sealed = (over: object, by = signers.publish) =>
    withLeaf(sealHead(createHead(6, leaves, over), by), leaves);
  const foreign = createLeaf(nodeKey, "b", { node: otherNode });
  const cases: [string, Delivery["documents"]["head"]][] = [
    ["order-stale", headOf(4, "b")],
    ["order-equivocation", headOf(5, "b")],
    ["head-expired", sealed({ notAfter: new Date(Date.now() - 1000).toISOString() })],
    ["signature-invalid", sealed({}, signers.panic)],
    ["signature-invalid", sealed({}, createSigner("stranger"))],
    ["fleet-mismatch", sealed({ fleetId: FleetId.parse("0".repeat(64)) })],
    ["order-jump", sealed({ serial: 20_000 })],
    ["order-jump", sealed({ epoch: 1 })],
    ["leaf-unproven", { ...sealed({}), proof: headOf(5).proof }],
    ["leaf-unproven", withLeafOf(sealHead(createHead(6, [foreign])), headOf(5).proof)],
  ];
  for (const [code, head] of cases) {
    expect(await verdictsOf(bundleOf({ head })), code).toMatchObject([
      { document: "head", verdict: "refused", code },
    ]);
  }
  expect(serial()).toBe(5);
});

function withLeafOf(envelope: ReturnType<typeof sealHead>, proof: ReturnType<typeof headOf>["proof"]) {
  return { envelope, proof };
}

test("a node that has not heard from the controller for long takes no head, until its online key has spoken", async () => {
  const { roles } = createKeySet(2);
  const fresh = { keys: [signers.fresh.publicKey], threshold: 1 };
  const keySets = [seal("keys", createKeySet(2, { roles: { ...roles, fresh } }), [signers.root])];
  const head = headOf(3);
  expect(await verdictsOf(bundleOf({ keySets, head }))).toMatchObject([
    { verdict: "accepted" },
    { document: "head", verdict: "refused", code: "freeze-suspected" },
  ]);
  const place = { epoch: 0, serial: 3, id: idOf(head.envelope) };
  const old = sealFresh(place, new Date(Date.now() - 7_200_000).toISOString());
  expect(await verdictsOf(bundleOf({ fresh: old, head }))).toMatchObject([
    { document: "fresh", verdict: "accepted" },
    { code: "freeze-suspected" },
  ]);
  expect(await verdictsOf(bundleOf({ fresh: sealFresh(place), head }))).toMatchObject([
    { document: "fresh", verdict: "accepted" },
    { document: "head", verdict: "accepted" },
  ]);
});

test.each<[string, Partial<Delivery>, string]>([
  ["another fleet", { fleetId: FleetId.parse("0".repeat(64)) }, "fleet-mismatch"],
  ["another node", { node: otherNode }, "input-invalid"],
])("a bundle for %s changes nothing, and says so", async (_, over, code) => {
  const { exitCode, answer } = await deliver(bundleOf({ head: headOf(3) }, over));
  expect({ exitCode, answer }).toMatchObject({ exitCode: 65, answer: { ok: false, error: { code } } });
  expect(receiver.onDisk()).toBeNull();
});

test.each<[string, string]>([
  ["nothing", ""],
  ["garbage", "\u0000\u0001garbage\n"],
  ["half a bundle", JSON.stringify(bundleOf({})).slice(0, 80)],
  ["a newer version", JSON.stringify({ ...bundleOf({}), v: 2 })],
  ["another document", '{"v":1,"command":"status"}'],
  ["a list", "[]"],
])("%s on standard input is told as that", async (_, text) => {
  const { exitCode, answer } = await receiver.agent(["deliver"], text);
  expect(exitCode).toBe(65);
  expect(answer).toMatchObject({
    ok: false,
    error: { code: "input-invalid", message: expect.stringMatching(/not whole/u) },
  });
});

test("more than a bundle ever has is cut off, and nothing is kept of it", async () => {
  const { exitCode, answer } = await receiver.agent(["deliver"], " ".repeat(maxBundleBytes + 1));
  expect({ exitCode, answer }).toMatchObject({ exitCode: 65, answer: { error: { code: "body-too-large" } } });
  expect(readdirSync(receiver.stateDir)).toEqual([]);
});

test("a closure list is kept under its own digest, whatever the head says", async () => {
  const path = StorePath.parse(`/nix/store/${"b".repeat(32)}-nixos-system-b`);
  const entries: ClosureEntry[] = [
    { path, narHash: `sha256-${"B".repeat(43)}=`, narSize: 2, references: [] },
  ];
  await deliver(bundleOf({ head: headOf(3) }, { closure: { v: 1, entries } }));
  const { closure } = leafOf("a");
  expect(readClosureList(receiver.stateDir, closure)).toBeNull();
  expect(readdirSync(join(receiver.stateDir, "closures"))).toEqual([`${closureDigest(entries)}.json`]);
});

test("two deliveries at once are judged one after the other: the higher one stays", async () => {
  const bundles = [6, 7, 8].map((number) => bundleOf({ head: headOf(number) }));
  const answers = await Promise.all(bundles.map(deliver));
  for (const { answer } of answers) expect(answer).toMatchObject({ ok: true });
  expect(serial()).toBe(8);
});

test("without a running agent it says where to look, and exits like a server that is away", async () => {
  receiver.stopAgent();
  for (const words of [["deliver"], ["report"]]) {
    const { exitCode, answer } = await receiver.agent(words, JSON.stringify(bundleOf({})));
    expect(exitCode).toBe(69);
    expect(answer).toMatchObject({
      error: {
        code: "server-unreachable",
        message: expect.stringContaining("systemctl status chimera-sentinel"),
      },
    });
  }
});
