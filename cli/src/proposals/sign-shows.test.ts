/** What `chimera sign` shows before it asks, and what it does not sign unseen. */
import { join } from "node:path";
import { sealBytes } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOperator, type TestOperator } from "../../test/fixture/operator.ts";
import { proposalsOf } from "../../test/fixture/proposals.ts";
import { leavesOf, seedHead } from "../../test/fixture/seed-head.ts";

const bob = parseSecretKey(generateKey("bob").secret);
let operator: TestOperator;
let colleague: ReturnType<typeof proposalsOf>;

beforeAll(async () => {
  operator = await createOperator();
  colleague = proposalsOf(operator, bob);
  await seedHead(operator, ["n1", "n2"], "one");
  await operator.call(["status"]);
  const add = ["keys", "add", "--role", "publish", bob.publicKey, "--threshold", "2"];
  const added = await operator.call([...add, "--root-key", join(operator.folder, "root.key")]);
  if (added.code !== 0) throw new Error(added.err);
});
beforeEach(() => {
  operator.server.documents.proposals.clear();
  operator.server.requests.length = 0;
});
afterAll(async () => operator.close());

async function outcome(id: string) {
  const { code, err } = await operator.call(["sign", id, "--yes"]);
  return { code, err, sent: operator.server.writes() };
}

function refusal(code: number, says: RegExp) {
  return { code, err: expect.stringMatching(says), sent: [] };
}

test("what a program asks to sign is shown as well, where it does not read", async () => {
  const id = colleague.propose(leavesOf(operator, ["n1", "n2"], "json"));
  const { code, err, out } = await operator.call(["sign", id, "--json"], {
    inTty: true,
    ask: async () => "no",
  });
  expect({ code, err }).toEqual({
    code: 64,
    err: expect.stringMatching(/n1-json[^]*signed so far by publish 1 of 2/u),
  });
  expect(JSON.parse(out)).toMatchObject({ type: "error", code: "usage" });
});

test("a dry run shows it and signs nothing", async () => {
  const id = colleague.propose(leavesOf(operator, ["n1", "n2"], "dry"));
  const { code, out } = await operator.call(["sign", id, "--dry-run"]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/n1-dry[^]*nothing was signed/u) });
  const { out: json } = await operator.call(["sign", id, "--dry-run", "--json"]);
  expect(JSON.parse(json)).toMatchObject({ type: "plan", id, kind: "head" });
  expect(operator.server.writes()).toEqual([]);
});

test("store paths are shown whole: one with the same first digits can be made", async () => {
  const leaves = leavesOf(operator, ["n1", "n2"], "whole");
  const { out } = await operator.call(["sign", colleague.propose(leaves), "--dry-run"]);
  for (const { toplevel } of leaves) expect(out).toContain(toplevel.replace("/nix/store/", ""));
});

test("going back to another world than that of now, and a serial that is skipped, are told", async () => {
  const leaves = leavesOf(operator, ["n1", "n2"], "back");
  const revertTo = "ab".repeat(32);
  const { out } = await operator.call([
    "sign",
    colleague.propose(leaves, { revertTo, serial: 9000 }),
    "--dry-run",
  ]);
  expect(out).toContain(
    `going back from it leads to world ${revertTo}, which is not what the fleet runs now`,
  );
  expect(out).toMatch(/it has serial 9000 where \d+ is due/u);
  const now = operator.server.heads[0]?.head.world;
  const { out: usual } = await operator.call([
    "sign",
    colleague.propose(leaves, { revertTo: now }),
    "--dry-run",
  ]);
  expect(usual).toContain("a panic goes back to what runs now");
  expect(usual).not.toMatch(/leads to|is due/u);
});

test("a head for a system in quarantine is told before anybody signs it", async () => {
  const leaves = leavesOf(operator, ["n1", "n2"], "sick");
  const sick = leaves[0]?.toplevel ?? "";
  expect((await operator.call(["quarantine", "add", sick])).code).toBe(0);
  const { out } = await operator.call(["sign", colleague.propose(leaves), "--dry-run"]);
  expect(out).toContain(`n1: ${sick} is in quarantine`);
});

test("what nobody of the role has signed is not signed: whoever carries proposals could have made it", async () => {
  const stranger = parseSecretKey(generateKey("bob").secret);
  expect(await outcome(colleague.propose(leavesOf(operator, ["n1"], "made"), {}, [stranger]))).toEqual(
    refusal(65, /nobody who may has proposed it/u),
  );
});

test("parts that this version does not know, or a name that is there twice, are not signed unseen", async () => {
  const id = colleague.propose(leavesOf(operator, ["n1"], "more"), { runAsRoot: "evil" });
  expect(await operator.call(["sign", id, "--yes"])).toMatchObject({
    code: 66,
    err: expect.stringMatching(/left out: it has parts that this version of chimera does not know/u),
  });
  const { payload } = colleague.envelopeOf(colleague.propose(leavesOf(operator, ["n1"], "twice")));
  const text = Buffer.from(payload, "base64").toString("utf8");
  const twice = sealBytes("head", Buffer.from(text.replace("{", '{"reason":"harmless",')), [bob]);
  expect((await operator.call(["sign", colleague.put(twice), "--yes"])).code).toBe(66);
});

test("who signs unseen names the proposal by more digits than somebody else could match", async () => {
  const id = colleague.propose(leavesOf(operator, ["n1", "n2"], "short"));
  expect(await outcome(id.slice(0, 8))).toEqual(refusal(64, /at least 12 of its digits where --yes/u));
});
