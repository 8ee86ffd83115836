// Every attack of the list, on real machines. What comes of each is written to docs/attacks.md.
import { join } from "node:path";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import type { Signer } from "@chimera/proto/signed/keys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { attackTable, type Row } from "../attacks/attack-table.ts";
import type { Attempt } from "../attacks/attempt.ts";
import { clockAttacks } from "../attacks/clock-attacks.ts";
import { closureAttacks } from "../attacks/closure-attacks.ts";
import { placeAttacks, signatureAttacks } from "../attacks/head-attacks.ts";
import { freshAttacks, keySetAttacks } from "../attacks/key-attacks.ts";
import {
  answerProof,
  leafAttacks,
  leavesWithStrangers,
  offerWorld,
  wildWorld,
} from "../attacks/leaf-attacks.ts";
import { newestKeySet, nextKeySet, panicForNewest, stranger } from "../attacks/make-documents.ts";
import { orderAttacks } from "../attacks/order-attacks.ts";
import { panicAttacks, rolloutAttacks } from "../attacks/panic-attacks.ts";
import { publishKeySet, publishNext, settled } from "../attacks/publish.ts";
import { callerOf, newestHead, statusWhen, type Scene } from "../attacks/scene.ts";
import { sizeAttacks } from "../attacks/size-attacks.ts";
import { epochAttacks, rotatedKeyAttacks, thresholdAttacks } from "../attacks/threshold-attacks.ts";
import { worldAttacks } from "../attacks/world-attacks.ts";
import { restartAgent } from "../fleet/faked-clock.ts";
import { deployWorld, type WorldOptions } from "../fleet/fleet-stage.ts";
import { operatorKey } from "../fleet/operator-keys.ts";
import { openRawStore } from "../fleet/raw-store.ts";
import { startFleet } from "../fleet/start-fleet.ts";
import { startTamperingProxy } from "../fleet/tampering-proxy.ts";
import { downUnlessInUse } from "../lab/down.ts";

const port = 7171;
const rows: Row[] = [];
let tried = 0;
let scene: Scene;
let close = () => Promise.resolve();
/** The panic for the head before the newest. */
let superseded: Envelope;
/** The two worlds that are deployed: one's module carries key set 1, the other's key set 2. */
const worlds = { reverted: "", newest: "" };
/** Of the first key set. */
let oldPublish: Signer;
/** Root's next two key sets. */
let keySet2: Envelope;
let oldHead: Envelope;
const people = ["alice", "bob", "carol"];
const roots = people.map((name) => stranger(`${name}-root`));
const publishers = people.map((name) => stranger(`${name}-publish`));

beforeAll(async () => {
  const fleet = await startFleet({ nodes: 1, throughPort: port });
  const controller = `http://${fleet.lab.host("hub").address}:7070`;
  const proxy = await startTamperingProxy({ host: fleet.lab.machineAddress, port, controller });
  const store = await openRawStore(fleet.lab, fleet.facts.fleetId);
  close = async () => {
    await Promise.all([store.close(), proxy.close()]);
  };
  const names = ["root", "publish", "panic", "order"] as const;
  const [root, publish, panic, order] = await Promise.all(names.map(operatorKey));
  if (!root || !publish || !panic || !order) throw new Error("a key is missing");
  oldPublish = publish;
  const signers = { root: [root], publish: [publish], panic: [panic], order: [order] };
  scene = { fleet, node: fleet.lab.host("n1"), store, proxy, signers, call: await callerOf(fleet) };
  worlds.reverted = await deploy("a", {});
  keySet2 = await twoOfThree();
  superseded = seal("panic", await panicForNewest(scene), signers.panic);
  worlds.newest = await deploy("b", { agentConfig: { trustedKeys: keySet2 } });
});
afterAll(async () => {
  await close();
  await downUnlessInUse();
});

async function deploy(label: string, options: WorldOptions): Promise<string> {
  const { code, stdout, stderr } = await deployWorld(scene.fleet, label, options);
  expect(code, stdout + stderr).toBe(0);
  return (await newestHead(scene)).head.world;
}

/** Key set 2: any two of three people publish, and any two of three are root. */
async function twoOfThree(): Promise<Envelope> {
  const { roles } = await newestKeySet(scene);
  const set = await nextKeySet(scene, {
    roles: { ...roles, root: anyTwo(roots), publish: anyTwo(publishers) },
  });
  return seal("keys", set, [...scene.signers.root, ...roots.slice(0, 2)]);
}

function anyTwo(signers: readonly Signer[]) {
  return { keys: signers.map((one) => one.publicKey), threshold: 2 };
}

function tryAll(target: string, attempts: readonly Attempt[]): void {
  tried += attempts.length;
  const named = attempts.map((attempt) => [attempt.attack, attempt.how, attempt] as const);
  test.each(named)(`${target}: %s (%s)`, async (attack, how, attempt) => {
    const outcome = await attempt.run(scene);
    expect(outcome.reported).not.toBe("");
    rows.push({ attack, how, ...outcome });
  });
}

tryAll("a head's signatures", signatureAttacks);
tryAll("a head's place, fleet and time", placeAttacks);
test("two heads of one place are forgiven when somebody signs a higher one", async () => {
  await publishNext(scene);
  expect(await settled(scene)).toMatchObject({ problem: null });
});

tryAll("a document's size and form", sizeAttacks);
tryAll("a leaf", leafAttacks);
test("the right leaf of such a world is taken", async () => {
  const world = wildWorld(await leavesWithStrangers(scene));
  await offerWorld(scene, world, (response) => answerProof(response, world.prove(0)));
  const { accepted } = await statusWhen(scene, (status) => status.accepted?.world === world.world);
  expect(accepted?.serial).toBe((await newestHead(scene)).head.serial);
  scene.proxy.setTampering(null);
  await publishNext(scene, { world: worlds.newest, size: 1 });
  await settled(scene);
});

tryAll("a world and its closures", [...worldAttacks, ...closureAttacks]);
test("after all that an honest deployment is carried out", async () => {
  await publishNext(scene, { world: worlds.newest, size: 1 });
  expect((await settled(scene)).system.current).toMatch(/-b$/);
});

tryAll(
  "panic",
  panicAttacks(() => superseded),
);
tryAll("a rollout record", rolloutAttacks);
tryAll("an order", orderAttacks);
tryAll("a key set, and the controller's online key", [...keySetAttacks, ...freshAttacks]);

describe("after root gave publishing to two of three people", () => {
  test("the node takes the key set, and a head that two of them signed", async () => {
    expect((await publishKeySet(scene, keySet2, 2)).keys).toEqual({ version: 2, epoch: 0 });
    scene = {
      ...scene,
      signers: { ...scene.signers, root: roots.slice(0, 2), publish: publishers.slice(0, 2) },
    };
    await publishNext(scene);
    expect((await settled(scene)).keys).toEqual({ version: 2, epoch: 0 });
    oldHead = (await newestHead(scene)).envelope;
  });
  tryAll("two of three", [
    ...thresholdAttacks,
    ...rotatedKeyAttacks("the publish key that was replaced", () => oldPublish),
  ]);

  test("the module is reverted to one with the old key set, and the agent reads it", async () => {
    await publishNext(scene, { world: worlds.reverted, size: 1, mode: "rollback" });
    expect((await settled(scene)).system.current).toMatch(/-a$/);
    await restartAgent(scene.node);
    const config = z
      .object({ trustedKeys: Envelope })
      .parse(JSON.parse(await scene.node.runChecked(["cat", "/etc/chimera/agent.json"])));
    expect(config.trustedKeys).toEqual(scene.fleet.facts.trustedKeys);
  });
  tryAll(
    "old keys",
    rotatedKeyAttacks("old `trustedKeys` in a reverted module, and its publish key", () => oldPublish),
  );
});

describe("after root began another epoch", () => {
  test("the node takes a head of that epoch", async () => {
    const set = await nextKeySet(scene, { epoch: 1 });
    await publishKeySet(scene, seal("keys", set, scene.signers.root), 3);
    await publishNext(scene, { epoch: 1, serial: 1 });
    expect((await settled(scene)).accepted).toMatchObject({
      epoch: 1,
      serial: 1,
    });
  });
  tryAll(
    "epochs",
    epochAttacks(() => oldHead),
  );
});

tryAll("a clock", clockAttacks);

test("all of it is in the table", async () => {
  expect(rows).toHaveLength(tried);
  await expect(attackTable(rows)).toMatchFileSnapshot(join(import.meta.dirname, "../../docs/attacks.md"));
});
