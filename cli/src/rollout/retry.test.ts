/** A second try for those that failed, over real HTTP. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { seal } from "@chimera/proto/signed/envelope";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { openOrder } from "@chimera/proto/signed/order";
import { beforeEach, describe, expect, test } from "vitest";
import { keyOf, leavesOf, seedHead, seedPanic } from "../../test/fixture/seed-head.ts";
import { createTestNode, type TestNode } from "../../test/fixture/test-node.ts";
import { useOperator } from "../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const names = ["n1", "n2"];
const at = "2026-11-29T12:00:00.000Z";
let world = "";
let head = "";
let nodes = new Map<string, TestNode>();

beforeEach(async () => {
  const { server, home } = operator();
  await rm(join(home, ".local"), { recursive: true, force: true });
  server.heads.length = 0;
  server.rollout = null;
  server.documents.panic = null;
  server.documents.past = { panics: [], orders: [], rollouts: [], isCut: false };
  nodes = new Map(names.map((name) => [name, createTestNode(name)] as const));
  for (const [name, node] of nodes) server.nodes.set(name, node.silent());
  await seedHead(operator(), names, "a");
  const stored = await seedHead(operator(), names, "b");
  head = stored.id;
  ({ world } = stored.head);
  say("n1", { state: "committed" });
  say("n2", { state: "reverted", quarantine: [toplevelOf("n2")], undone: [] });
  server.documents.quarantine = null;
  server.requests.length = 0;
});

function toplevelOf(node: string): string | undefined {
  return leavesOf(operator(), [node], "b")[0]?.toplevel;
}

/** About the newest head. */
function say(name: string, changes: object): void {
  const { server, fleetId } = operator();
  const [newest] = server.heads;
  const accepted = { epoch: 0, serial: newest?.head.serial, id: newest?.id, world, acceptedAt: at };
  const view = nodes.get(name)?.reporting({ fleetId, accepted, ...changes });
  if (view !== undefined) server.nodes.set(name, view);
}

const retry = (...args: string[]) => operator().call(["retry", "--failed", "--no-follow", ...args]);

test("pardons what the failed node quarantined, then publishes the same world again", async () => {
  const { code, out, err } = await operator().call([
    "retry",
    "--failed",
    "--no-follow",
    "--reason",
    "new disk",
  ]);
  expect({ code, out }, err).toEqual({ code: 0, out: expect.stringContaining("published head") });
  const writes = operator().server.writes();
  expect(writes.slice(0, 3)).toEqual(["PUT /v1/quarantine", `PUT /v1/worlds/${world}`, "PUT /v1/head"]);
  const role = { keys: [(await keyOf(operator(), "order")).publicKey], threshold: 1 };
  const envelope = operator().server.documents.quarantine;
  if (envelope === null) throw new Error("no pardon was stored");
  const [bad] = leavesOf(operator(), ["n2"], "b");
  expect(openOrder(envelope, role).order.action).toMatchObject({ toplevels: [], pardoned: [bad?.toplevel] });
  expect(operator().server.heads[0]?.head).toMatchObject({ world, mode: "deploy", reason: "new disk" });
});

test("with --dry-run it says who and what, and sends nothing", async () => {
  const { code, out } = await operator().call(["retry", "--failed", "--dry-run"]);
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/^retry on n2\npardon \/nix\/store\/.*n2-b\n.*nothing was signed or sent/su),
  });
  expect(operator().server.writes()).toEqual([]);
});

test("where nobody failed there is nothing to retry; what a node did not sign is not its word", async () => {
  const views = operator().server.nodes;
  const failed = views.get("n2");
  if (failed === undefined) throw new Error("n2 is there");
  views.set("n2", { ...failed, nodeKey: createTestNode("n2").nodeKey, envelope: undefined });
  const { code, err } = await operator().call(["retry", "--failed"]);
  expect({ code, err }).toEqual({ code: 66, err: expect.stringContaining("nothing to retry") });
  expect(operator().server.writes()).toEqual([]);
});

test("it must be said which nodes are meant", async () => {
  const { code, err } = await operator().call(["retry"]);
  expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining("--failed") });
});

describe("after a panic", () => {
  test.each([[[]], [["--dry-run"]], [["--json"]]])(
    "which every node has denied the newest head for, it brings nothing back (%j)",
    async (args) => {
      const { id } = await seedPanic(operator());
      const panic = { epoch: 0, serial: 2, id, acceptedAt: "2026-11-29T12:34:56.000Z" };
      for (const name of names) {
        const undone = [toplevelOf(name)];
        say(name, { state: "committed", quarantine: undone, undone, panic });
      }
      const { code, err } = await retry(...args);
      expect({ code, err, sent: operator().server.writes() }).toEqual({
        code: 65,
        err: expect.stringMatching(
          /a panic stands: at 2026-11-29T12:34:56\.000Z it undid head 0\.2 by anna \(b\), signed by lab-panic \(payments are down\).*chimera rollback --to 2.*chimera deploy \[panic-holds\]/u,
        ),
        sent: [],
      });
    },
  );

  test("what it undid is not pardoned under a newer head either, and a pardon by hand counts", async () => {
    say("n2", { state: "quarantined", quarantine: [toplevelOf("n2")], undone: [toplevelOf("n2")] });
    const refused = await retry();
    expect({ ...refused, sent: operator().server.writes() }).toMatchObject({
      code: 65,
      err: expect.stringMatching(
        /n2 denies \/nix\/store\/.*n2-b, since a panic undid it:.*chimera quarantine pardon \/nix/u,
      ),
      sent: [],
    });
    expect(await operator().call(["quarantine", "pardon", toplevelOf("n2") ?? ""])).toMatchObject({
      code: 0,
    });
    expect(await retry()).toMatchObject({ code: 0, out: expect.stringContaining("published head 3") });
  });

  test("an agent that does not say why it denies may do so for it", async () => {
    say("n2", { state: "reverted", quarantine: [toplevelOf("n2")] });
    expect(await retry("--dry-run")).toMatchObject({ code: 0 });
    const { server } = operator();
    const { envelope, storedAt } = await seedPanic(operator());
    server.documents.panic = null;
    server.documents.past.panics = [{ storedAt, envelope }];
    expect(await retry("--dry-run")).toMatchObject({
      code: 65,
      err: expect.stringMatching(/its agent is too old to say whether a panic is why/u),
    });
  });
});

describe("after an order for the rollout", () => {
  const nonce = "ab".repeat(16);

  /** As the lead of another operator has answered it. */
  async function asked(ask: "pause" | "resume" | "abort", over: object = {}): Promise<void> {
    const { server, fleetId } = operator();
    const order = {
      v: 1,
      kind: "order",
      fleetId,
      nonce,
      nodes: "all",
      createdAt: at,
      notAfter: "2026-11-29T12:10:00.000Z",
      author: "ben@desk",
      reason: "eats disks",
      action: { kind: "rollout", head, ask },
      ...over,
    };
    const envelope = seal("order", order, [await keyOf(operator(), "order")]);
    server.documents.past.orders.push({ storedAt: at, envelope });
  }

  function lead(phase: "paused" | "returned" | "committed", answered = nonce): void {
    const answer = { nonce: answered, createdAt: at };
    const record = { v: 1, head, lease: 1, phase, reason: "so", at, answered: answer };
    operator().server.rollout = RolloutRecord.parse(record);
  }

  test.each(["returned", "paused"] as const)(
    "an abort stands, whether the fleet went back or only paused (%s)",
    async (phase) => {
      await asked("abort");
      lead(phase);
      for (const args of [[], ["--dry-run"]]) {
        const { code, err } = await retry(...args);
        expect({ code, err, sent: operator().server.writes() }).toEqual({
          code: 65,
          err: expect.stringMatching(
            /the rollout of head 2 was aborted by ben@desk at 2026-11-29T12:00:00\.000Z \(eats disks\).*chimera rollback --to 2/u,
          ),
          sent: [],
        });
      }
    },
  );

  test.each([
    ["the record that answered it is lost", () => undefined],
    ["somebody writes that all have committed", () => lead("committed")],
    ["somebody writes another answer", () => lead("paused", "ef".repeat(16))],
    ["it was paused once more since", () => asked("pause", { createdAt: "2026-11-29T12:00:05.000Z" })],
  ])("an abort stands by its signature, hours later too, also where %s", async (_, then) => {
    await asked("abort");
    await Promise.resolve(then());
    expect(await retry()).toMatchObject({ code: 65, err: expect.stringContaining("was aborted") });
    expect(operator().server.writes()).toEqual([]);
  });

  test("what was resumed after it, and another head's abort, stop nobody", async () => {
    await asked("abort");
    lead("paused", "cd".repeat(16));
    await asked("resume", { createdAt: "2026-11-29T12:00:05.000Z", nonce: "cd".repeat(16) });
    expect(await retry("--dry-run")).toMatchObject({ code: 0 });
    operator().server.documents.past.orders = [];
    lead("paused");
    await asked("abort", { action: { kind: "rollout", head: "ef".repeat(32), ask: "abort" } });
    expect(await retry("--dry-run")).toMatchObject({ code: 0, err: "" });
  });

  test("who paused it is named, and a rollout that went back by itself is tried again as ever", async () => {
    await asked("pause");
    lead("paused");
    expect(await retry("--dry-run")).toMatchObject({
      code: 0,
      err: expect.stringMatching(/head 2 was paused by ben@desk at .* \(eats disks\): this begins it anew/u),
    });
    operator().server.documents.past.orders = [];
    lead("returned");
    expect(await retry("--dry-run")).toMatchObject({ code: 0, err: "" });
  });
});
