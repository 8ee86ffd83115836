/** Who needs attention after a rollout that went back, over real HTTP. */
import { beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { leavesOf, seedHead } from "../../../test/fixture/seed-head.ts";
import { createTestNode } from "../../../test/fixture/test-node.ts";
import { useOperator } from "../../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const names = ["n1", "n2", "n3"];
const nodes = new Map(names.map((name) => [name, createTestNode(name)] as const));

beforeEach(async () => {
  const { server } = operator();
  server.heads.length = 0;
  for (const [name, node] of nodes) server.nodes.set(name, node.silent());
  await seedHead(operator(), names, "before");
  const at = new Date().toISOString();
  const consentUntil = new Date(Date.now() + 60_000).toISOString();
  const failed = await seedHead(operator(), names, { word: "failed", consentUntil });
  server.rollout = { v: 1, head: failed.id, lease: 1, phase: "returned", reason: "n1 failed", at };
});

/** Each runs, and wants by its own word, the system of one of the two worlds. */
function runs(words: Record<string, string>): void {
  for (const [name, word] of Object.entries(words)) {
    const [leaf] = leavesOf(operator(), [name], word);
    const [at, current] = [new Date().toISOString(), leaf?.toplevel];
    const system = { current, booted: current, profile: current, bootDefault: current };
    const drift = { lastSweepAt: at, managed: 1, open: [], openCount: 0, reverted: 0 };
    const facts = { at, fleetId: operator().fleetId, state: "committed", wanted: current, system, drift };
    const view = nodes.get(name)?.reporting(facts);
    if (view !== undefined) operator().server.nodes.set(name, view);
  }
}

test("nobody needs attention who is back; who still runs what failed does, whatever it wants itself", async () => {
  runs({ n1: "before", n2: "before", n3: "before" });
  expect((await operator().call(["status", "--failed"])).out).toMatch(/back to world \w+; 0 nodes\n/u);
  runs({ n3: "failed" });
  const { out } = await operator().call(["status", "--failed"]);
  expect(out).toContain("1 nodes, 1 need attention");
  expect(out).toMatch(/^n3 .*-n3-failed +\S+-n3-before .* goes to \S+-n3-failed instead$/mu);
  const { nodes: shown } = z
    .object({ nodes: z.array(z.looseObject({ node: z.string(), leaf: z.string() })) })
    .parse(JSON.parse((await operator().call(["status", "--failed", "--json"])).out));
  expect(shown).toMatchObject([{ node: "n3", needsAttention: true }]);
  expect(shown[0]?.leaf).toMatch(/-n3-before$/u);
});
