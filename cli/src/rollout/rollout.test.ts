/** What the CLI says of a rollout, and what it asks of its lead, over real HTTP. */
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { openOrder, type Order } from "@chimera/proto/signed/order";
import { beforeEach, describe, expect, test } from "vitest";
import { keyOf, leavesOf, seedHead } from "../../test/fixture/seed-head.ts";
import { createTestNode } from "../../test/fixture/test-node.ts";
import { useOperator } from "../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const at = "2026-11-29T12:00:00.000Z";
const names = ["n1", "n2", "n3"];
const nodes = new Map(names.map((name) => [name, createTestNode(name)] as const));
let head = "";

beforeEach(async () => {
  const { server } = operator();
  for (const [name, node] of nodes) server.nodes.set(name, node.silent());
  const leaves = leavesOf(operator(), names, "b");
  const lists = [leaves.slice(0, 1), leaves.slice(1)].map((wave): WaveList => ({
    v: 1,
    kind: "wave",
    nodes: wave.map(({ node, nodeKey }) => ({ node, nodeKey })),
  }));
  server.waves = new Map(lists.map((list) => [waveDigest(list), list]));
  const limits = {
    maxFailed: 1,
    onFailure: "pause",
    maxUnavailable: null,
    proven: 50,
    deadline: null,
    onDeadline: "hold",
  } as const;
  const waves = lists.map((list) => ({ list: waveDigest(list), size: list.nodes.length }));
  ({ id: head } = await seedHead(operator(), names, {
    word: "b",
    policy: { rollout: { waves, ...limits } },
  }));
  server.rollout = null;
  server.requests.length = 0;
  server.onAsk = () => undefined;
});

const record = (over: Partial<Record<keyof RolloutRecord, unknown>> = {}) =>
  RolloutRecord.parse({
    v: 1,
    head,
    lease: 3,
    phase: "waves",
    reason: "wave 2 of 2: 1 of 2 may go",
    at,
    lead: "n1",
    released: { wave: 1, first: 1 },
    ...over,
  });

describe("chimera rollout status", () => {
  test("shows the lead's record, each wave, and who failed, without the bytes of others", async () => {
    const failed = [{ node: "n3", state: "reverted", reason: "unit\u001b[2J web failed" }];
    operator().server.rollout = record({ failed, failedCount: 1 });
    const { code, out } = await operator().call(["rollout", "status"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^head \d+ \(.*\), 2 waves\nwaves: wave 2 of 2: 1 of 2 may go, led by n1 \(lease 3\), 2026/u,
    );
    expect(out).toMatch(
      /\n1 +1 +1 +1 silent\n2 +2 +1 +2 silent\n1 failed, 1 may\n {2}n3: unit.*web failed\n$/u,
    );
    expect(out).not.toContain("\u001b");
  });

  test("says that nobody leads it where no lead has begun, and as JSON that there is no record", async () => {
    expect((await operator().call(["rollout", "status"])).out).toContain("no lead has begun with it");
    operator().server.rollout = record({ head: "c".repeat(64) });
    const { out } = await operator().call(["rollout", "status", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ head, record: null, waves: [{ size: 1 }, { size: 2 }] });
  });

  test("a list that is not the signed one is no wave", async () => {
    const { waves } = operator().server;
    const [first, second] = [...waves.keys()];
    const other = waves.get(second ?? "");
    if (first === undefined || other === undefined) throw new Error("two waves");
    waves.set(first, other);
    const { code, err } = await operator().call(["rollout", "status"]);
    expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("another list for wave") });
  });

  test("a head without waves has no lead", async () => {
    await seedHead(operator(), names, "c");
    const { code, err } = await operator().call(["rollout", "status"]);
    expect({ code, err }).toEqual({ code: 66, err: expect.stringMatching(/has no waves: nobody leads it/u) });
  });
});

/** What nodes sign of this head. */
function say(words: Record<string, string>): void {
  const { server, fleetId } = operator();
  const [newest] = server.heads;
  if (newest === undefined) throw new Error("a head is there");
  const { epoch, serial, world } = newest.head;
  const accepted = { epoch, serial, id: newest.id, world, acceptedAt: newest.storedAt };
  for (const [name, state] of Object.entries(words)) {
    const view = nodes.get(name)?.reporting({ at: new Date().toISOString(), fleetId, accepted, state });
    if (view !== undefined) server.nodes.set(name, view);
  }
}

/** A lead that answers so. */
async function answered(
  phase: RolloutRecord["phase"],
  args: readonly string[],
  {
    last,
    found = args[0] === "resume" ? "paused" : "waves",
  }: { last?: string | undefined; found?: string } = {},
) {
  const earlier = last === undefined ? {} : { answered: { nonce: "a".repeat(32), createdAt: last } };
  const before = record({ ...earlier, phase: found });
  const asked: Order[] = [];
  const role = { keys: [(await keyOf(operator(), "order")).publicKey], threshold: 1 };
  operator().server.rollout = before;
  operator().server.onAsk = (envelope) => {
    const { order } = openOrder(envelope, role);
    asked.push(order);
    operator().server.rollout = record({
      phase,
      reason: `${phase} by ${order.author}`,
      answered: { nonce: order.nonce, createdAt: order.createdAt },
    });
  };
  return { result: await operator().call(["rollout", ...args]), asked };
}

describe("chimera rollout pause, resume, abort", () => {
  test.each([
    ["pause", "paused"],
    ["resume", "waves"],
    ["abort", "returned"],
  ] as const)("%s is an order for this rollout, and ends with the lead's answer", async (ask, phase) => {
    const { result, asked } = await answered(phase, [ask, "--reason", "a look"]);
    expect(result).toMatchObject({
      code: 0,
      out: expect.stringMatching(new RegExp(`^${phase}: ${phase} by `, "u")),
    });
    expect(asked).toMatchObject([{ nodes: "all", reason: "a look", action: { kind: "rollout", head, ask } }]);
  });

  test("one whose predecessor was signed by a clock that was ahead is signed after it, and counts", async () => {
    const [ahead, behind] = [600_000, -600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const late = await answered("paused", ["pause"], { last: ahead });
    expect(late.asked[0]?.createdAt).toBe(new Date(Date.parse(ahead ?? "") + 1).toISOString());
    const usual = await answered("paused", ["pause"], { last: behind });
    expect(Date.parse(usual.asked[0]?.createdAt ?? "")).toBeLessThan(Date.now() + 1);
    expect(usual.result.code).toBe(0);
  });

  test("an abort that nobody consented to has only paused it, and is no success", async () => {
    const { result } = await answered("paused", ["abort"]);
    expect(result).toMatchObject({
      code: 70,
      err: expect.stringContaining("it was not done: the rollout is in phase paused"),
    });
  });

  test("what is not paused is not resumed", async () => {
    operator().server.rollout = record();
    const { code, err } = await operator().call(["rollout", "resume"]);
    expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("is not paused") });
    expect(operator().server.writes()).toEqual([]);
  });

  test("with --dry-run nothing is signed or sent", async () => {
    const { code, out } = await operator().call(["rollout", "pause", "--dry-run"]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining("nothing was signed or sent") });
    expect(operator().server.writes()).toEqual([]);
  });

  test("of a rollout that is committed by what its nodes sign nothing is asked any more", async () => {
    say({ n1: "committed", n2: "committed", n3: "reverted" });
    operator().server.rollout = record({ phase: "committed" });
    const { code, err } = await operator().call(["rollout", "abort"]);
    expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("is over") });
    expect(operator().server.writes()).toEqual([]);
  });

  test("nor of one that went back", async () => {
    const consentUntil = new Date(Date.now() + 60_000).toISOString();
    const { policy } = operator().server.heads[0]?.head ?? {};
    ({ id: head } = await seedHead(operator(), names, { word: "c", consentUntil, policy: policy ?? {} }));
    operator().server.rollout = record({ phase: "returned", at: new Date().toISOString() });
    const { code, err } = await operator().call(["rollout", "abort"]);
    expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("was taken back") });
    expect(operator().server.writes()).toEqual([]);
  });

  test.each([
    ["a node is on the way", "committed", { n1: "committed", n2: "committed", n3: "probation" }],
    ["a wave is not proven", "committed", { n2: "committed", n3: "committed" }],
    ["the head consents to no way back", "returned", { n1: "committed" }],
  ] as const)("that it is over says nobody who can only write, while %s", async (_, phase, words) => {
    say(words);
    const { result, asked } = await answered("paused", ["pause"], { found: phase });
    expect(result.code).toBe(0);
    expect(asked).toHaveLength(1);
  });

  test("without a lead the waiting ends, and the order stays", async () => {
    operator().server.rollout = record();
    const soon = { sleep: () => Promise.reject(Object.assign(new Error("pressed"), { name: "AbortError" })) };
    const { code } = await operator().call(["rollout", "pause"], soon);
    expect(code).not.toBe(0);
    expect(operator().server.writes()).toEqual(["PUT /v1/rollout/ask"]);
  });
});
