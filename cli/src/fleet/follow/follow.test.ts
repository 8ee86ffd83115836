/** Following over real HTTP: what ends it, what does not, and what is said. */
import { StoredPanic } from "@chimera/proto/api";
import { Digest, FleetId, NodeName, StorePath } from "@chimera/proto/names";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { seal } from "@chimera/proto/signed/envelope";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOperator, testIo, type TestOperator } from "../../../test/fixture/operator.ts";
import { keyOf } from "../../../test/fixture/seed-head.ts";
import { createTestNode } from "../../../test/fixture/test-node.ts";
import { createApiClient, type ApiClient } from "../../api/api-client.ts";
import { currentContext } from "../../context/current-context.ts";
import { follow } from "./follow.ts";
import type { Goal } from "./node-outcome.ts";
import { createFollowView } from "./follow-view.ts";

const id = Digest.parse("ab".repeat(32));
const at = "2026-11-23T12:00:00.000Z";
const n1 = NodeName.parse("n1");
const toplevel = StorePath.parse("/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1");
const node = createTestNode("n1");
const goal: Goal = {
  node: n1,
  nodeKey: node.nodeKey,
  fleetId: FleetId.parse(id),
  toplevel,
  head: { id, epoch: 0, serial: 4 },
  problemBefore: null,
};
let operator: TestOperator;
let api: ApiClient;

beforeAll(async () => {
  operator = await createOperator();
  const { io } = testIo(operator.home);
  api = await createApiClient(io, await currentContext(io, undefined));
});
beforeEach(() => {
  operator.server.intercept = () => false;
  operator.server.rollout = null;
  operator.server.documents.panic = null;
});
afterAll(async () => operator.close());

function report(changes: object, by = node): void {
  const reported = by.reporting({
    fleetId: id,
    at,
    state: "committed",
    accepted: { epoch: 0, serial: 4, id, world: id, acceptedAt: at },
    wanted: toplevel,
    system: { current: toplevel, booted: toplevel, profile: toplevel, bootDefault: toplevel },
    ...changes,
  });
  operator.server.nodes.set("n1", { ...reported, verified: true });
}

const record = (phase: RolloutRecord["phase"], reason: string) =>
  RolloutRecord.parse({ v: 1, head: id, lease: 1, phase, reason, at, lead: "n9" });

async function followed(timeoutSeconds: number, goals: readonly Goal[] = [goal], head?: Digest) {
  const inWaves = head === undefined ? undefined : { head, proven: 50 };
  const { io, said } = testIo(operator.home);
  const view = await createFollowView(io, false, [n1]);
  const { error, away } = await follow(io, { api, view, timeoutSeconds, inWaves }, goals).then(
    (nodes) => ({ error: null, away: nodes }),
    (thrown: unknown) => ({ error: thrown, away: [] }),
  );
  return { error, away, said: said.err };
}

test("a controller that is away for a while does not end the following", async () => {
  report({});
  let failures = 8;
  operator.server.intercept = (_, response) => {
    failures -= 1;
    if (failures < 0) return false;
    response.writeHead(503).end();
    return true;
  };
  const { error, said } = await followed(60);
  expect(error).toBeNull();
  expect(said).toMatch(/^n1: silent \(the controller does not answer: .*503\)\nn1: committed\n$/u);
});

test("a controller that stays away is the reason when the time is up", async () => {
  operator.server.intercept = (_, response) => {
    response.writeHead(503).end();
    return true;
  };
  const { error } = await followed(0.2);
  expect(error).toMatchObject({ code: "deadline-exceeded", cause: { code: "server-unreachable" } });
});

test("a refused token ends it at once", async () => {
  operator.server.intercept = (_, response) => {
    response.writeHead(401).end();
    return true;
  };
  expect((await followed(60)).error).toMatchObject({ code: "token-invalid" });
});

test.each(["reverted", "refused", "stuck", "held"])(
  "a node that is %s ends it at once, with its reason",
  async (state) => {
    report({ state, problem: { code: "activation-failed", message: "needs a reboot", at } });
    const { error } = await followed(60);
    expect(error).toMatchObject({
      code: "rollout-failed",
      message: expect.stringMatching(`1 of 1 nodes failed: n1: ${state}: .*needs a reboot`),
    });
  },
);

test("a node that may not restart ends it once that stays so, and not before", async () => {
  const staged = {
    state: "staged-for-reboot",
    waiting: { reason: "needs-reboot", detail: "another kernel" },
  };
  report(staged);
  expect((await followed(1)).error).toMatchObject({ code: "deadline-exceeded" });
  expect((await followed(60)).error).toMatchObject({
    code: "rollout-failed",
    message: expect.stringMatching(/n1: staged-for-reboot: another kernel: deploy again with --reboot/u),
  });
});

test("a node that said so of the order before, and then restarts, is waited for", async () => {
  report({ state: "staged-for-reboot", waiting: { reason: "needs-reboot", detail: "another kernel" } });
  let looks = 0;
  operator.server.intercept = () => {
    looks += 1;
    if (looks === 4)
      report({ state: "rebooting", waiting: { reason: "rebooting", detail: "another kernel" } });
    if (looks === 8) report({});
    return false;
  };
  const { error, said } = await followed(60);
  expect(error).toBeNull();
  expect(said).toMatch(/^n1: staged-for-reboot .*\nn1: rebooting .*\nn1: committed\n$/u);
});

test("words of a node cannot look like lines of ours", async () => {
  report({ state: "reverted", problem: { code: "x", message: "a\nall 3 nodes committed\u001b[2J", at } });
  const { error, said } = await followed(60);
  expect(error).toMatchObject({ message: expect.stringMatching(/^[\x20-\x7e]*$/u) });
  expect(said).toMatch(/^n1: failed: [\x20-\x7e]*\n$/u);
});

test("a status that another key signed is nobody's, whatever the controller says of it", async () => {
  report({}, createTestNode("n1"));
  const { error } = await followed(0.2);
  expect(error).toMatchObject({
    code: "deadline-exceeded",
    message: expect.stringContaining("its status is not signed by its key"),
  });
});

const staged = { state: "staged", waiting: { reason: "rollout", detail: "wave 2 of 2" } };

test("in waves, the lead's word is shown once, and a node that is away is not waited for when the rollout is over", async () => {
  report({});
  operator.server.rollout = record("waves", "wave 1 of 2: 1 of 1 may go");
  operator.server.nodes.set("n2", createTestNode("n2").silent());
  let looks = 0;
  operator.server.intercept = () => {
    looks += 1;
    if (looks === 9) operator.server.rollout = record("committed", "1 committed, 1 away");
    return false;
  };
  const { error, away, said } = await followed(60, [goal, { ...goal, node: NodeName.parse("n2") }], id);
  expect({ error, away }).toEqual({ error: null, away: ["n2"] });
  expect(said).toBe(
    "n1: committed\n" +
      "n2: silent (never reported)\n" +
      "rollout waves: wave 1 of 2: 1 of 1 may go (n9 leads)\n" +
      "rollout committed: 1 committed, 1 away (n9 leads)\n",
  );
});

test("a record that says that all is done, where no node has signed that, is no success", async () => {
  report(staged);
  operator.server.rollout = record("committed", "1 committed");
  expect((await followed(60, [goal], id)).error).toMatchObject({
    code: "rollout-failed",
    message: expect.stringContaining("only 0 of 1 nodes have signed"),
  });
});

test.each(["paused", "returned"] as const)(
  "a rollout that is %s ends the following with the lead's reason",
  async (phase) => {
    report(staged);
    operator.server.rollout = record(phase, "n3 reverted");
    expect((await followed(60, [goal], id)).error).toMatchObject({
      code: "rollout-failed",
      message: expect.stringContaining("n3 reverted"),
    });
  },
);

test("without waves nobody asks for a record", async () => {
  report(staged);
  operator.server.rollout = record("returned", "of a head that has none");
  expect((await followed(0.3)).error).toMatchObject({ code: "deadline-exceeded" });
});

test.each([undefined, id])(
  "a panic that undoes the head ends the following, in waves and without (%s)",
  async (head) => {
    report(staged);
    const panic = {
      v: 1,
      kind: "panic",
      fleetId: id,
      epoch: 0,
      serial: 4,
      undoes: id,
      world: id,
      reason: "",
    };
    const envelope = seal("panic", panic, [await keyOf(operator, "panic")]);
    const stored = { id, revision: 2, storedAt: at, signedBy: [], panic, envelope };
    operator.server.documents.panic = StoredPanic.parse(stored);
    expect((await followed(60, [goal], head)).error).toMatchObject({
      code: "rollout-failed",
      message: expect.stringContaining("a panic undid it"),
    });
  },
);
