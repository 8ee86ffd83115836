/** Who comes too late for the consent believes half of the world, and reads nothing that it does not need. */
import { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import { Digest, NodeName, StorePath, WorldId } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { seal } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { createHead, createLeaf, createSigner, fleetId } from "../fleet-fixture.ts";
import { createBackWatch } from "./back-watch.ts";

const id = Digest.parse("b".repeat(64));
const people = ["n1", "n2", "n3", "n4"].map((name) => ({
  node: NodeName.parse(name),
  signer: createSigner(name),
}));
const lists = [people.slice(0, 1), people.slice(1)].map((wave): WaveList => {
  return {
    v: 1,
    kind: "wave",
    nodes: wave.map(({ node, signer }) => ({ node, nodeKey: signer.publicKey })),
  };
});
const consentUntil = "2026-11-29T02:00:00.000Z";
const head = createHead(7, [createLeaf(createSigner("n1"), "a")], {
  revertTo: WorldId.parse("c".repeat(64)),
  consentUntil,
  policy: {
    rollout: {
      waves: lists.map((list) => ({ list: waveDigest(list), size: list.nodes.length })),
      maxFailed: 0,
      onFailure: "return",
      maxUnavailable: null,
      proven: 100,
      deadline: null,
      onDeadline: "hold",
    },
  },
});
const at = "2026-11-29T01:00:00.000Z";
const returned: RolloutRecord = { v: 1, head: id, lease: 1, phase: "returned", reason: "", at };
const target = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-a`);
const receipts = people.map(({ node, signer }) => {
  const document = { kind: "head", id, epoch: 0, serial: 7, rank: 1 };
  const times = { ack: at, active: at, pointer: at, boot: at };
  const said = { v: 1, kind: "receipt", fleetId, node, document, target, current: target, times, at };
  return seal("receipt", { ...said, state: "committed" }, [signer]);
});

interface World {
  laid: typeof receipts;
  isBack: boolean;
  isControllerAway: boolean;
  utc: string;
  reads: number;
  news: number;
}

function watchIn(world: World) {
  return createBackWatch({
    accepted: () => ({ id, head }),
    isBack: () => world.isBack,
    utcMs: () => Date.parse(world.utc),
    fetchList(digest) {
      const list = lists.find((one) => waveDigest(one) === digest);
      return world.isControllerAway || list === undefined
        ? Promise.reject(new ChimeraError("closure-unavailable", "the controller is away"))
        : Promise.resolve(list);
    },
    readReceipts() {
      world.reads += 1;
      return Promise.resolve({ kind: "found", value: { v: 1, head: id, receipts: world.laid } });
    },
    onProven: () => (world.news += 1),
    log: createLog({ fields: {}, write: () => undefined }),
  });
}

const late = "2026-11-29T02:00:00.001Z";
const start: World = { laid: receipts, isBack: false, isControllerAway: false, utc: late, reads: 0, news: 0 };
const settle = () => new Promise((done) => setTimeout(done, 10));

test("half of the world is enough, and less is not; once proven it is not read again", async () => {
  const world = { ...start, laid: receipts.slice(0, 1) };
  const watch = watchIn(world);
  watch.refresh(returned);
  await settle();
  expect(watch.isProven()).toBe(false);
  world.laid = receipts.slice(0, 2);
  watch.refresh(returned);
  await settle();
  expect(watch.isProven()).toBe(true);
  watch.refresh(returned);
  await settle();
  expect(world).toMatchObject({ reads: 2, news: 1 });
});

test("without the lists nothing is proven: the next look tries again", async () => {
  const world = { ...start, isControllerAway: true };
  const watch = watchIn(world);
  watch.refresh(returned);
  await settle();
  expect(watch.isProven()).toBe(false);
  world.isControllerAway = false;
  watch.refresh(returned);
  await settle();
  expect(watch.isProven()).toBe(true);
});

test.each<[string, Partial<World>, Partial<RolloutRecord> | null]>([
  ["the consent still stands", { utc: consentUntil }, {}],
  ["it has gone back already", { isBack: true }, {}],
  ["there is no record", {}, null],
  ["the rollout was not taken back", {}, { phase: "paused" }],
  ["the record is about another head", {}, { head: Digest.parse("e".repeat(64)) }],
  ["the fleet was to go back after the consent had ended", {}, { at: late }],
])("a node reads nothing where %s", async (_, changes, over) => {
  const world = { ...start, ...changes };
  const watch = watchIn(world);
  watch.refresh(over === null ? null : { ...returned, ...over });
  await settle();
  expect([watch.isProven(), world.reads]).toEqual([false, 0]);
});
