/** The lists of waves go back with the head that names them: over real HTTP. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { HeadPolicy } from "@chimera/proto/signed/head";
import { beforeEach, expect, test } from "vitest";
import { leavesOf, seedHead } from "../../test/fixture/seed-head.ts";
import { createTestNode } from "../../test/fixture/test-node.ts";
import { useOperator } from "../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const names = ["n1", "n2"];
const copies = () => join(operator().home, ".local/state/chimera", operator().fleetId);
const kept = async () => (await readdir(copies())).filter((name) => name.startsWith("wave."));
let digests: string[] = [];

beforeEach(async () => {
  const { server } = operator();
  await rm(copies(), { recursive: true, force: true });
  server.heads.length = 0;
  for (const name of names) server.nodes.set(name, createTestNode(name).silent());
  const lists = leavesOf(operator(), names, "a").map(({ node, nodeKey }): WaveList => ({
    v: 1,
    kind: "wave",
    nodes: [{ node, nodeKey }],
  }));
  server.waves = new Map(lists.map((list) => [waveDigest(list), list]));
  digests = [...server.waves.keys()];
  const rollout = {
    waves: digests.map((list) => ({ list, size: 1 })),
    maxFailed: 0,
    onFailure: "pause",
    maxUnavailable: null,
    proven: 50,
    deadline: null,
    onDeadline: "hold",
  };
  await seedHead(operator(), names, { word: "a", policy: HeadPolicy.parse({ rollout }) });
  // Whoever looks keeps what the controller may lose.
  await operator().call(["status"]);
  server.heads.length = 0;
  server.waves.clear();
  server.requests.length = 0;
});

test("what somebody else published is kept by whoever looks, and goes back before its head", async () => {
  expect((await kept()).toSorted()).toEqual(digests.map((digest) => `wave.${digest}.json`).toSorted());
  const { code, err } = await operator().call(["reseed"]);
  expect(code, err).toBe(0);
  const { server } = operator();
  expect([...server.waves.keys()]).toEqual(digests);
  expect(server.writes().slice(-3)).toEqual([
    ...digests.map((digest) => `PUT /v1/waves/${digest}`),
    "PUT /v1/head",
  ]);
});

test("without a copy it is said what is missing, and where it would have to lie; the head stays away", async () => {
  for (const name of await kept()) await rm(join(copies(), name));
  const { code, err } = await operator().call(["reseed"]);
  expect({ code, err }).toEqual({
    code: 66,
    err: expect.stringMatching(
      /lost the list of wave 1 of head 1, .*: bring \S+wave\.[0-9a-f]{64}\.json from another/u,
    ),
  });
  expect(operator().server.heads).toEqual([]);
});

test("the lists of a newer head take the place of the older ones", async () => {
  await seedHead(operator(), names, "b");
  const { server } = operator();
  server.heads = server.heads.slice(0, 1);
  const list: WaveList = {
    v: 1,
    kind: "wave",
    nodes: leavesOf(operator(), names, "c").map(({ node, nodeKey }) => ({ node, nodeKey })),
  };
  server.waves = new Map([[waveDigest(list), list]]);
  const policy = HeadPolicy.parse({
    rollout: {
      waves: [{ list: waveDigest(list), size: 2 }],
      maxFailed: 0,
      onFailure: "pause",
      maxUnavailable: null,
      proven: 50,
      deadline: null,
      onDeadline: "hold",
    },
  });
  await seedHead(operator(), names, { word: "c", policy });
  expect((await operator().call(["status"])).code).toBe(0);
  expect(await kept()).toEqual([`wave.${waveDigest(list)}.json`]);
});
