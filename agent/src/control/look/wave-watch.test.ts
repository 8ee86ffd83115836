import { ChimeraError } from "@chimera/proto/errors";
import { createLog } from "@chimera/proto/log";
import { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { seal } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import type { KnownWaves } from "./known-waves.ts";
import { createWaveWatch } from "./wave-watch.ts";

const head = Digest.parse("b".repeat(64));
const at = "2026-11-29T00:00:00.000Z";
const people = ["n1", "n2", "n3"].map((name) => {
  const { secret, public: nodeKey } = generateKey(name);
  return { node: NodeName.parse(name), nodeKey, signer: parseSecretKey(secret) };
});
const listOf = (...names: string[]): WaveList => ({
  v: 1,
  kind: "wave",
  nodes: people.filter(({ node }) => names.includes(node)).map(({ node, nodeKey }) => ({ node, nodeKey })),
});
const lists = [listOf("n1", "n2"), listOf("n3")];
const policy: RolloutPolicy = {
  waves: lists.map((list) => ({ list: waveDigest(list), size: list.nodes.length })),
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 100,
  deadline: null,
  onDeadline: "hold",
};
const record: RolloutRecord = {
  v: 1,
  head,
  lease: 1,
  phase: "waves",
  reason: "",
  at,
  released: { wave: 1, first: 1 },
};

const toplevel = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-a`);
const receiptOf = ({ node, signer }: (typeof people)[number], state = "committed") =>
  seal(
    "receipt",
    {
      v: 1,
      kind: "receipt",
      fleetId: FleetId.parse("f".repeat(64)),
      node,
      document: { kind: "head", id: head, epoch: 0, serial: 7 },
      state,
      target: toplevel,
      current: toplevel,
      times: { ack: at, active: at, pointer: at, boot: at },
      at,
    },
    [signer],
  );

interface World {
  receipts: ReturnType<typeof receiptOf>[];
  isControllerAway: boolean;
  reads: number;
  nowMs: number;
  leadHeardMs: number;
}

function watchOf(node: string, world: World, value: KnownWaves | null = null) {
  const saved: KnownWaves[] = [];
  const watch = createWaveWatch({
    node: NodeName.parse(node),
    accepted: () => ({ id: head, policy }),
    value,
    save: (waves) => saved.push(waves),
    fetchList(digest) {
      world.reads += 1;
      const list = lists.find((one) => waveDigest(one) === digest);
      return world.isControllerAway || list === undefined
        ? Promise.reject(new ChimeraError("closure-unavailable", "away"))
        : Promise.resolve(list);
    },
    readReceipts: (wave) =>
      Promise.resolve({ kind: "found", value: { v: 1, head, wave, receipts: world.receipts } }),
    leadHeardMs: () => world.leadHeardMs,
    nowMs: () => world.nowMs,
    onChange: () => undefined,
    log: createLog({ fields: {}, write: () => undefined }),
  });
  const refresh = async (seen: RolloutRecord | null = record) => {
    watch.refresh(seen);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { watch, refresh, saved };
}

const quiet = (): World => ({
  receipts: [],
  isControllerAway: false,
  reads: 0,
  nowMs: 0,
  leadHeardMs: -Infinity,
});

test("a node finds its place in the signed lists, and reads them once", async () => {
  const world = quiet();
  const { watch, refresh, saved } = watchOf("n2", world);
  expect(watch.facts().place).toBeNull();
  await refresh();
  await refresh();
  expect(watch.facts()).toEqual({
    place: expect.objectContaining({ wave: 0, position: 1 }),
    isProven: false,
    isLeadQuiet: false,
  });
  expect([world.reads, saved.length]).toEqual([1, 1]);
});

test("a node of the second wave is let go by the receipts of the first, and by all that are asked for", async () => {
  const world = quiet();
  const { watch, refresh } = watchOf("n3", world);
  world.receipts = people.slice(0, 1).map((person) => receiptOf(person));
  await refresh();
  expect(watch.facts()).toMatchObject({ place: { wave: 1, position: 0 }, isProven: false });
  world.receipts = people.slice(0, 2).map((person) => receiptOf(person));
  await refresh();
  expect(watch.facts().isProven).toBe(true);
});

test("receipts are not looked for before the lead goes on", async () => {
  const world = quiet();
  world.receipts = people.slice(0, 2).map((person) => receiptOf(person));
  const { watch, refresh } = watchOf("n3", world);
  await refresh({ ...record, released: { wave: 0, first: 2 } });
  await refresh({ ...record, released: { wave: 0, first: 2 } });
  expect(watch.facts().isProven).toBe(false);
});

test("what was read before a restart needs no controller", async () => {
  const known: KnownWaves = { v: 1, head, wave: 1, position: 0, before: lists[0] ?? null };
  const world = {
    ...quiet(),
    isControllerAway: true,
    receipts: people.slice(0, 2).map((person) => receiptOf(person)),
  };
  const { watch, refresh } = watchOf("n3", world, known);
  await refresh();
  expect(watch.facts()).toMatchObject({ place: { wave: 1 }, isProven: true });
});

test("without the controller the place stays unknown, and is looked for again", async () => {
  const world = { ...quiet(), isControllerAway: true };
  const { watch, refresh } = watchOf("n1", world);
  await refresh();
  expect(watch.facts().place).toBeNull();
  world.isControllerAway = false;
  await refresh();
  expect(watch.facts().place).toMatchObject({ wave: 0, position: 0 });
});

test("a lead counts as gone when none was heard for a minute, and not before one could have been", async () => {
  const world = quiet();
  const { watch, refresh } = watchOf("n2", world);
  await refresh();
  const isQuietAt = (nowMs: number): boolean => {
    world.nowMs = nowMs;
    return watch.facts().isLeadQuiet;
  };
  expect([0, 59_999, 60_000].map(isQuietAt)).toEqual([false, false, true]);
  world.leadHeardMs = 58_000;
  expect([60_000, 117_999, 118_000].map(isQuietAt)).toEqual([false, false, true]);
});
