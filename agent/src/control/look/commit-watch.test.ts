/** A node believes that nobody may be taken back any more where everybody has signed that it has committed, and nothing less. */
import { createLog } from "@chimera/proto/log";
import { Digest, NodeName, StorePath } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { seal } from "@chimera/proto/signed/envelope";
import { expect, test } from "vitest";
import { createHead, createLeaf, createSigner, fleetId } from "../fleet-fixture.ts";
import { createCommitWatch } from "./commit-watch.ts";

const id = Digest.parse("b".repeat(64));
const at = "2026-11-29T01:00:00.000Z";
const people = ["n1", "n2", "n3"].map((name) => ({ node: NodeName.parse(name), signer: createSigner(name) }));
const lists = [people.slice(0, 1), people.slice(1)].map((wave): WaveList => ({
  v: 1,
  kind: "wave",
  nodes: wave.map(({ node, signer }) => ({ node, nodeKey: signer.publicKey })),
}));
const target = StorePath.parse(`/nix/store/${"a".repeat(32)}-nixos-system-a`);
const receiptOf = ({ node, signer }: (typeof people)[number], over: object = {}) => {
  const document = { kind: "head", id, epoch: 0, serial: 7, ...over };
  const times = { ack: at, active: at, pointer: at, boot: at };
  const said = { v: 1, kind: "receipt", fleetId, node, document, target, current: target, times, at };
  return seal("receipt", { ...said, state: "committed" }, [signer]);
};
const all = people.map((person) => receiptOf(person));
const committed: RolloutRecord = { v: 1, head: id, lease: 1, phase: "committed", reason: "", at };

interface World {
  laid: typeof all;
  hasCommitted: boolean;
  sizes: number[];
  value: Digest | null;
}

const usual: World = { laid: all, hasCommitted: true, sizes: [1, 2], value: null };

async function seen(world: World, record: RolloutRecord | null = committed) {
  let reads = 0;
  const proven: Digest[] = [];
  const rollout = {
    waves: lists.map((list, wave) => ({ list: waveDigest(list), size: world.sizes[wave] ?? 1 })),
    maxFailed: 0,
    onFailure: "return" as const,
    maxUnavailable: null,
    proven: 50,
    deadline: null,
    onDeadline: "hold" as const,
  };
  const head = createHead(7, [createLeaf(createSigner("n1"), "a")], { policy: { rollout } });
  const watch = createCommitWatch({
    accepted: () => ({ id, head }),
    value: world.value,
    hasCommitted: () => world.hasCommitted,
    fetchList(digest) {
      const list = lists.find((one) => waveDigest(one) === digest);
      return list === undefined ? Promise.reject(new Error("no such list")) : Promise.resolve(list);
    },
    readReceipts() {
      reads += 1;
      return Promise.resolve({ kind: "found", value: { v: 1, head: id, receipts: world.laid } });
    },
    onProven: (found) => proven.push(found),
    log: createLog({ fields: {}, write: () => undefined }),
  });
  watch.refresh(record);
  await new Promise((done) => setTimeout(done, 10));
  return { isProven: watch.isProven(), reads, proven };
}

test("receipts of everybody prove it, once; over a restart it stays proven", async () => {
  expect(await seen(usual)).toEqual({ isProven: true, reads: 1, proven: [id] });
  expect(await seen({ ...usual, value: id, laid: [] })).toEqual({ isProven: true, reads: 0, proven: [] });
});

test.each<[string, Partial<World>]>([
  ["of one wave", { laid: all.slice(0, 1) }],
  ["of all but one", { laid: all.slice(1) }],
  ["of the same node again", { laid: [...all.slice(0, 2), ...all.slice(0, 1)] }],
  ["of the way back", { laid: people.map((person) => receiptOf(person, { rank: 1 })) }],
  ["of another head", { laid: people.map((person) => receiptOf(person, { id: "c".repeat(64) })) }],
])("receipts %s prove nothing", async (_, changes) => {
  expect(await seen({ ...usual, ...changes })).toMatchObject({ isProven: false, reads: 1 });
});

test.each<[string, Partial<World>, Partial<RolloutRecord> | null]>([
  ["there is no record", {}, null],
  ["the record says something else", {}, { phase: "waves" }],
  ["the record is about another head", {}, { head: Digest.parse("e".repeat(64)) }],
  ["this node has not committed it", { hasCommitted: false }, {}],
  ["there are more nodes than receipts fit into one message", { sizes: [1, 500] }, {}],
])("nothing is read where %s", async (_, changes, over) => {
  const record = over === null ? null : { ...committed, ...over };
  expect(await seen({ ...usual, ...changes }, record)).toMatchObject({ isProven: false, reads: 0 });
});
