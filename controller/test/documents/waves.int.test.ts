import { generateKey } from "@chimera/proto/signed/keys";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import { makeHead, makeLeaf, pushClosure, putHead } from "../fixture/test-fleet.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();

const listOf = (leaves: readonly Leaf[]): WaveList => ({
  v: 1,
  kind: "wave",
  nodes: leaves.map(({ node, nodeKey }) => ({ node, nodeKey })),
});

async function makeWorld(): Promise<Leaf[]> {
  const { entry } = await pushClosure(fleet(), "nixos-system-a");
  const leaves = [makeLeaf(fleet(), "n1", entry), makeLeaf(fleet(), "n2", entry)];
  await fleet().call(`/v1/worlds/${worldId(leaves)}`, { method: "PUT", body: { v: 1, leaves } });
  return leaves;
}

const put = (list: WaveList, role = "operator", digest: string = waveDigest(list)) =>
  fleet().call(`/v1/waves/${digest}`, { method: "PUT", body: list, role });

function headOf(leaves: Leaf[], lists: readonly WaveList[]) {
  const waves = lists.map((list) => ({ list: waveDigest(list), size: list.nodes.length }));
  const limits = { maxFailed: 0, onFailure: "pause", maxUnavailable: null, proven: 50 };
  const rollout = { waves, ...limits, deadline: null, onDeadline: "hold" };
  return makeHead(leaves, { policy: { rollout } });
}

test("a list lies under its digest, where every node may read it", async () => {
  const list = listOf(await makeWorld());
  expect((await put(list)).json()).toEqual({ digest: waveDigest(list), size: 2 });
  expect((await put(list)).status).toBe(200);
  const read = await fleet().call(`/v1/waves/${waveDigest(list)}`, { role: "n1" });
  expect(read.json()).toEqual(list);
});

test("no other list is taken under a digest, and nobody but an operator gives one", async () => {
  const list = listOf(await makeWorld());
  const other = { ...list, nodes: list.nodes.slice(0, 1) };
  expect((await put(other, "operator", "a".repeat(64))).json()).toMatchObject({ code: "hash-mismatch" });
  expect((await put(other, "n1")).json()).toMatchObject({ code: "role-forbidden" });
  expect((await put({ ...list, nodes: [] })).json()).toMatchObject({ code: "input-invalid" });
  const missing = await fleet().call(`/v1/waves/${"b".repeat(64)}`, { role: "n1" });
  expect(missing.json()).toMatchObject({ status: 404, code: "not-found" });
});

test("a head is stored when every node of its world is in one of its waves, and else names what is wrong", async () => {
  const leaves = await makeWorld();
  const [canary, rest] = [listOf(leaves.slice(0, 1)), listOf(leaves.slice(1))];
  const stranger = {
    ...rest,
    nodes: rest.nodes.map((one) => ({ ...one, nodeKey: generateKey("n2").public })),
  };
  await put(canary);
  const attempt = async (lists: readonly WaveList[]) =>
    (await putHead(fleet(), headOf(leaves, lists), 0)).json();
  expect(await attempt([canary, rest])).toMatchObject({
    detail: expect.stringContaining("was not uploaded"),
  });
  await Promise.all([put(rest), put(stranger)]);
  expect(await attempt([canary])).toMatchObject({ detail: expect.stringContaining("no wave has node n2") });
  expect(await attempt([canary, stranger])).toMatchObject({ detail: expect.stringContaining("another key") });
  expect(await attempt([canary, rest])).toMatchObject({ head: { policy: { rollout: { maxFailed: 0 } } } });
});
