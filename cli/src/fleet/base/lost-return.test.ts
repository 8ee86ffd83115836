/** The store has lost the record of a rollout, or has one that nobody has signed: what the next head is built on, over real HTTP. */
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { HeadPolicy } from "@chimera/proto/signed/head";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { leavesOf, seedHead } from "../../../test/fixture/seed-head.ts";
import { createTestNode, type TestNode } from "../../../test/fixture/test-node.ts";
import { useOperator } from "../../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const names = ["n1", "n2", "n3", "n4"];
const hourMs = 3_600_000;
const later = (ms: number) => new Date(Date.now() + ms).toISOString();
let nodes = new Map<string, TestNode>();

beforeEach(async () => {
  const { server, home } = operator();
  await rm(join(home, ".local"), { recursive: true, force: true });
  server.heads.length = 0;
  server.rollout = null;
  server.documents.panic = null;
  nodes = new Map(names.map((name) => [name, createTestNode(name)] as const));
  for (const [name, node] of nodes) server.nodes.set(name, node.silent());
  await seedHead(operator(), names, "first");
  await seedHead(operator(), names, "before");
  await publishFailed();
  server.requests.length = 0;
});

async function publishFailed(consentUntil = later(hourMs)): Promise<void> {
  const { server } = operator();
  const list: WaveList = {
    v: 1,
    kind: "wave",
    nodes: leavesOf(operator(), names, "bad").map(({ node, nodeKey }) => ({ node, nodeKey })),
  };
  server.waves = new Map([[waveDigest(list), list]]);
  const rollout = {
    waves: [{ list: waveDigest(list), size: list.nodes.length }],
    maxFailed: 0,
    onFailure: "return",
    maxUnavailable: null,
    proven: 50,
    deadline: null,
    onDeadline: "hold",
  };
  await seedHead(operator(), names, { word: "bad", consentUntil, policy: HeadPolicy.parse({ rollout }) });
}

/** "echoes": it has committed the head, and shows a record by which the fleet went back; "lies": by another key. */
type Word = "back" | "committed" | "echoes" | "waits" | "lies";

const runsIt = (word: Word) => word === "committed" || word === "echoes";
const factsOf = (word: Word, { at, receipt }: { at: string; receipt: Envelope }) =>
  ({
    back: { state: "committed", receipt },
    committed: { state: "committed" },
    echoes: { state: "committed", rollout: { phase: "returned", at } },
    waits: { state: "staged" },
    lies: { state: "committed", receipt },
  })[word];

/** What a node says of the newest head by its own signature. */
function say(words: Record<string, Word>): void {
  const { server, fleetId } = operator();
  const [newest] = server.heads;
  if (newest === undefined) throw new Error("a head is there");
  const { epoch, serial, world } = newest.head;
  const accepted = { epoch, serial, id: newest.id, world, acceptedAt: newest.storedAt };
  for (const [name, word] of Object.entries(words)) {
    const own = nodes.get(name) ?? createTestNode(name);
    const signing = word === "lies" ? createTestNode(name) : own;
    const [leaf] = leavesOf(operator(), [name], runsIt(word) ? "bad" : "before");
    const current = leaf?.toplevel ?? null;
    const at = later(0);
    const system = { current, booted: null, profile: null, bootDefault: null };
    const receipt = backReceipt(signing, { id: newest.id, epoch, serial, current, at });
    const view = signing.reporting({ at, fleetId, accepted, system, ...factsOf(word, { at, receipt }) });
    server.nodes.set(name, { ...view, nodeKey: own.nodeKey });
  }
}

function backReceipt(
  { name: node, signer }: TestNode,
  {
    at,
    current,
    ...place
  }: { id: string; epoch: number; serial: number; current: string | null; at: string },
) {
  const document = { kind: "head", ...place, rank: 1 };
  const times = { ack: at, active: at, pointer: at, boot: at };
  const said = { node, document, state: "committed", target: current, current, times, at };
  return seal("receipt", { v: 1, kind: "receipt", fleetId: operator().fleetId, ...said }, [signer]);
}

/** As anybody can write it who reaches the store. */
function claimReturn(): void {
  const [newest] = operator().server.heads;
  if (newest === undefined) throw new Error("a head is there");
  const record = {
    v: 1,
    head: newest.id,
    lease: 9,
    phase: "returned",
    reason: "n1 failed",
    at: later(-1000),
  };
  operator().server.rollout = RolloutRecord.parse(record);
}

const publish = (...args: string[]) =>
  operator().call(["rollback", "--to", "current", "--no-follow", ...args]);
const worldOf = (serial: number) =>
  operator().server.heads.find(({ head }) => head.serial === serial)?.head.world;

test("more than half of the fleet has signed that it went back: the next head is built on the world before, and that is said", async () => {
  say({ n1: "back", n2: "back", n4: "back", n3: "committed" });
  const status = await operator().call(["status"]);
  expect(status.err).toMatch(/no record of the rollout of head 3: the nodes have signed that it failed/u);
  expect(status.out).toContain("undone by its own rollout: back to world");
  const shown = await operator().call(["rollout", "status"]);
  expect(shown.out).toMatch(/the nodes have signed that it failed/u);
  expect(shown.out).toMatch(/1 not back: n3; .*chimera rollback --to current/u);
  const { code, err } = await publish();
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/made on top of world \w+: the store has no record .* the nodes have signed/u),
  });
  expect(operator().server.heads[0]?.head).toMatchObject({ serial: 4, world: worldOf(2) });
});

test.each<[string, Record<string, Word>, RegExp]>([
  [
    "nodes contradict each other",
    { n1: "back", n2: "committed", n3: "waits" },
    /of 4 nodes 3 were heard, 1 have signed that it went back, 1 have committed it/u,
  ],
  [
    "half are back and half have committed",
    { n1: "back", n2: "back", n3: "committed", n4: "committed" },
    /of 4 nodes 4 were heard, 2 have signed that it went back, 2 have committed it/u,
  ],
  ["no more than half are heard", { n1: "waits", n2: "waits" }, /of 4 nodes 2 were heard, 0 have signed/u],
])("where %s nothing is signed until a person says what to build on", async (_, words, says) => {
  say(words);
  const { code, err } = await publish();
  expect({ code, err }).toEqual({ code: 75, err: expect.stringMatching(says) });
  expect(err).toMatch(/Nothing was signed: .*--base head \(world \w+\) or --base before \(world \w+\)/u);
  expect(operator().server.writes()).toEqual([]);
  expect((await operator().call(["status"])).err).toContain("whether it went back is not clear");
  expect((await publish("--base", "before")).code).toBe(0);
  expect(operator().server.heads[0]?.head.world).toBe(worldOf(2));
});

test("a person may also say that the newest head counts", async () => {
  say({ n1: "back", n2: "committed", n3: "committed" });
  expect((await publish("--base", "head")).code).toBe(0);
  expect(operator().server.heads[0]?.head.world).toBe(worldOf(3));
});

test.each<[string, Record<string, Word>]>([
  ["no lead has begun yet", { n1: "waits", n2: "waits", n3: "waits" }],
  ["all have committed", { n1: "committed", n2: "committed", n3: "committed" }],
  ["what was not signed by a node's own key", { n1: "lies", n2: "waits", n3: "waits", n4: "waits" }],
  ["what nodes show of a record that was there", { n1: "echoes", n2: "echoes", n3: "echoes", n4: "echoes" }],
])("%s says nothing against the newest head", async (_, words) => {
  say(words);
  const { code, err } = await publish();
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(operator().server.heads[0]?.head.world).toBe(worldOf(3));
});

test("a return that nodes have signed counts whenever it is read: nobody begins one too late", async () => {
  operator().server.heads.shift();
  await publishFailed(later(-hourMs));
  say({ n1: "back", n2: "back", n3: "back", n4: "back" });
  expect((await operator().call(["status"])).out).toContain("undone by its own rollout");
});

describe("a record says that the fleet went back, and", () => {
  test.each<[string, Record<string, Word>]>([
    ["more than half have signed it", { n1: "back", n2: "back", n3: "back", n4: "committed" }],
    ["those that answer run the world before", { n1: "back", n2: "waits" }],
    ["nobody answers", {}],
  ])("%s: the next head is built on the world before", async (_, words) => {
    say(words);
    claimReturn();
    const { code, err } = await publish();
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("made on top of world") });
    expect(operator().server.heads[0]?.head.world).toBe(worldOf(2));
  });

  test("all that answer have committed it: nothing is signed before a person says on which world", async () => {
    say({ n1: "echoes", n2: "echoes", n3: "committed" });
    claimReturn();
    const { code, err } = await publish();
    const says =
      /^chimera: somebody says, unsigned, that the rollout of head 3 failed .* 3 have committed it/u;
    expect({ code, err }).toEqual({ code: 75, err: expect.stringMatching(says) });
    expect(operator().server.writes()).toEqual([]);
    const status = await operator().call(["status"]);
    expect(status.out).not.toContain("undone by its own rollout");
    expect(status.err).toContain("whether it went back is not clear");
    const shown = await operator().call(["rollout", "status"]);
    expect(shown.out).toMatch(/^returned: n1 failed.*\nsomebody says, unsigned, that .* is not clear$/mu);
    expect((await publish("--base", "head")).code).toBe(0);
    expect(operator().server.heads[0]?.head.world).toBe(worldOf(3));
  });

  test("--base before is obeyed as well", async () => {
    say({ n1: "committed", n2: "committed", n3: "committed" });
    claimReturn();
    expect((await publish("--base", "before")).code).toBe(0);
    expect(operator().server.heads[0]?.head.world).toBe(worldOf(2));
  });
});

test("nobody is asked where the record is there, or the head consents to no way back", async () => {
  const { server, home } = operator();
  const [newest] = server.heads;
  if (newest === undefined) throw new Error("a head is there");
  const at = later(0);
  server.rollout = { v: 1, head: newest.id, lease: 1, phase: "waves", reason: "", at };
  expect((await publish("--dry-run")).code).toBe(0);
  server.rollout = null;
  server.heads.shift();
  await rm(join(home, ".local"), { recursive: true, force: true });
  await seedHead(operator(), names, "plain");
  expect((await publish("--dry-run")).code).toBe(0);
});
