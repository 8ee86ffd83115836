/** A second try for those that failed, over real HTTP. */
import { openOrder } from "@chimera/proto/signed/order";
import { beforeEach, expect, test } from "vitest";
import { keyOf, leavesOf, seedHead } from "../../test/fixture/seed-head.ts";
import { createTestNode } from "../../test/fixture/test-node.ts";
import { useOperator } from "../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const names = ["n1", "n2"];
const at = "2026-11-29T12:00:00.000Z";
let world = "";

beforeEach(async () => {
  const { server } = operator();
  const nodes = new Map(names.map((name) => [name, createTestNode(name)] as const));
  for (const [name, node] of nodes) server.nodes.set(name, node.silent());
  const { id, head } = await seedHead(operator(), names, "b");
  ({ world } = head);
  const accepted = { epoch: 0, serial: head.serial, id, world, acceptedAt: at };
  const [bad] = leavesOf(operator(), ["n2"], "b");
  const facts = { fleetId: operator().fleetId, accepted };
  const reports: Record<string, object> = {
    n1: { ...facts, state: "committed" },
    n2: { ...facts, state: "reverted", quarantine: [bad?.toplevel] },
  };
  for (const [name, node] of nodes) server.nodes.set(name, node.reporting(reports[name] ?? {}));
  server.documents.quarantine = null;
  server.requests.length = 0;
});

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
  const { nodes } = operator().server;
  const failed = nodes.get("n2");
  if (failed === undefined) throw new Error("n2 is there");
  nodes.set("n2", { ...failed, nodeKey: createTestNode("n2").nodeKey, envelope: undefined });
  const { code, err } = await operator().call(["retry", "--failed"]);
  expect({ code, err }).toEqual({ code: 66, err: expect.stringContaining("nothing to retry") });
  expect(operator().server.writes()).toEqual([]);
});

test("it must be said which nodes are meant", async () => {
  const { code, err } = await operator().call(["retry"]);
  expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining("--failed") });
});
