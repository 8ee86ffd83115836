/** `chimera panic --over ssh`, with nodes that say what they should not: only what is signed counts. */
import type { NodeReport } from "@chimera/proto/delivery";
import { worldId } from "@chimera/proto/signed/world";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSignedFleet, toplevel, type SignedHead } from "../fixture/signed-fleet.ts";
import { answerLine, createStandIn, type NodePlan, type StandIn } from "./ssh-stand-in.ts";

const names = ["a", "b", "c"];
const fleet = createSignedFleet(names);
const { fleetId } = fleet;
const before = fleet.head(
  1,
  names.map((name) => fleet.leaf(name, toplevel("old"))),
);
const head = fleet.head(2, fleet.world(), { previous: before.id, revertTo: worldId(before.leaves) });
const undo = fleet.panic(head, { world: worldId(before.leaves) });
const at = "2026-11-23T12:00:00.000Z";
let ssh: StandIn;

beforeEach(async () => {
  ssh = await createStandIn({ fleetId, keySet: fleet.keySet, head, ready: undo.envelope });
  for (const name of names) await ssh.plan(name, good(name));
});
afterEach(() => ssh.close());

function statusOf(name: string, changes: object): NodeReport["status"] {
  const accepted = { epoch: 0, serial: 2, id: head.id, world: worldId(head.leaves), acceptedAt: at };
  const { envelope } = fleet.node(name).reporting({ fleetId, at, state: "committed", accepted, ...changes });
  if (envelope === undefined) throw new Error("it is signed");
  return envelope;
}

function reportOf(name: string, changes: object = {}, shown: SignedHead = head): NodeReport {
  const proofs = [fleet.proof(shown, name)];
  const documents = { keys: fleet.keySet, head: shown.envelope, panic: null, rollout: null };
  return { status: statusOf(name, changes), ...documents, proofs };
}

const document = { kind: "panic", id: undo.id, epoch: 0, serial: 2 };
const receiptOf = (name: string) =>
  fleet.receipt(name, head, {
    document,
    target: toplevel("old"),
    times: { ack: at, active: at, pointer: at, boot: at },
  });
const verdict = (changes: object) => [
  { document: "panic", verdict: "accepted", code: null, reason: "", ...changes },
];

/** It takes the panic, and is back at once. */
function good(name: string, by = name): NodePlan {
  const back = reportOf(by, { receipt: receiptOf(by) });
  return {
    report: { out: `Welcome to ${name}!\n${answerLine(reportOf(name))}` },
    deliver: { out: answerLine(back, verdict({})) },
    follow: { out: answerLine(back) },
  };
}

const panic = (...args: string[]) =>
  ssh.chimera("panic", "--yes", "--over", "ssh", "--out", "receipts.json", "--timeout", "3", ...args);

test("brings the prepared panic with the head that it undoes to every node, and keeps receipts that hold", async () => {
  const { code, out, err } = await panic();
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining("from this machine's copy") });
  expect(out).toMatch(/a .*\nb .*\nc .*committed/u);
  for (const name of names) {
    const { node, documents } = await ssh.bundle(name);
    expect(node).toBe(name);
    expect(documents).toMatchObject({
      panic: { envelope: undo.envelope, undone: head.envelope },
      head: null,
    });
  }
  const checked = await ssh.chimera("receipt", "verify", "receipts.json", "--json");
  expect(checked.code).toBe(0);
  expect(JSON.parse(checked.out)).toMatchObject({ ok: true, receipts: [{}, {}, {}] });
  for (const call of await ssh.calls()) expect(call).toMatch(/StrictHostKeyChecking=yes.*BatchMode=yes/u);
});

test("a node whose host key has changed is named with what to do, and the others are back all the same", async () => {
  const said = { err: "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!", code: 255 };
  await ssh.plan("c", { report: said, deliver: said, follow: said });
  const { code, out, err } = await panic();
  expect(code).toBe(75);
  expect(err).toMatch(/root@c: its host key has CHANGED.*ssh-keygen -R c/u);
  expect(err).toMatch(/1 of 3 nodes are not back after 3 s: c;.*when this is run again/u);
  expect(out).toMatch(/c .*did not answer: has not got it/u);
  const checked = await ssh.chimera("receipt", "verify", "receipts.json", "--json");
  expect(JSON.parse(checked.out)).toMatchObject({ ok: true, receipts: [{}, {}] });
});

test("a node that hangs in everything it is asked delays no other, and those are seen to be back", async () => {
  const hangs = { hangs: true } as const;
  await ssh.plan("c", { report: hangs, deliver: hangs, follow: hangs });
  const started = performance.now();
  const { code, err } = await panic();
  expect(performance.now() - started).toBeLessThan(12_000);
  expect({ code, err }).toMatchObject({
    code: 75,
    err: expect.stringMatching(/2 of 3 acknowledged[^]*1 of 3 nodes are not back after 3 s: c;/u),
  });
  const checked = await ssh.chimera("receipt", "verify", "receipts.json", "--json");
  expect(JSON.parse(checked.out)).toMatchObject({ ok: true, receipts: [{}, {}] });
});

test("a time that is up at once is no reason not to look once", async () => {
  const { out } = await panic("--timeout", "0.001");
  expect(out).toMatch(/NODE/u);
});

test("without following, a refusal is a failure and an unreached node is not undone", async () => {
  const refusal = verdict({ verdict: "refused", code: "panic-void", reason: "a newer head" });
  await ssh.plan("c", { ...good("c"), deliver: { out: answerLine(reportOf("c"), refusal) } });
  const refused = await panic("--no-follow");
  expect(refused).toMatchObject({ code: 70, err: expect.stringMatching(/1 nodes? refuses? the panic: c /u) });
  expect(refused.out).not.toContain("released");
  await ssh.plan("c", { ...good("c"), deliver: { code: 255 } });
  expect(await panic("--no-follow")).toMatchObject({ code: 69 });
  await ssh.plan("c", good("c"));
  expect(await panic("--no-follow", "--json")).toMatchObject({
    code: 0,
    out: expect.stringContaining('"type":"released"'),
  });
});

test("nodes that heard another operator's panic first are back by that, and it is what is released again", async () => {
  const other = fleet.panic(head, { world: worldId(before.leaves), reason: "another operator's" });
  const receipt = (name: string) =>
    fleet.receipt(name, head, {
      document: { ...document, id: other.id },
      target: toplevel("old"),
      times: { ack: at, active: at, pointer: at, boot: at },
    });
  for (const name of names) {
    const back = { ...reportOf(name, { receipt: receipt(name) }), panic: other.envelope };
    const deliver = { out: answerLine(back, verdict({ verdict: "known" })) };
    // Not by the survey: it is seen in the answers alone.
    await ssh.plan(name, { ...good(name), deliver, follow: { out: answerLine(back) } });
  }
  expect(await panic()).toMatchObject({ code: 0 });
  const checked = await ssh.chimera("receipt", "verify", "receipts.json", "--json");
  expect(JSON.parse(checked.out)).toMatchObject({ ok: true, receipts: [{}, {}, {}] });
  // And where the survey shows it, it is kept here and sent again.
  await ssh.plan("a", {
    ...good("a"),
    report: { out: answerLine({ ...reportOf("a"), panic: other.envelope }) },
  });
  await ssh.forgetPanic();
  expect((await panic("--dry-run")).err).toContain("one that was released before");
  expect(await ssh.copies()).toContain("panic.0.2.json");
  await panic("--no-follow");
  expect((await ssh.bundle("b")).documents.panic?.envelope).toEqual(other.envelope);
});

test("the panic is remembered before any node has it", async () => {
  const hangs = { hangs: true } as const;
  for (const name of names) await ssh.plan(name, { ...good(name), deliver: hangs, follow: hangs });
  const { code } = await panic("--timeout", "0.5");
  expect(code).toBe(75);
  expect(await ssh.copies()).toEqual(expect.arrayContaining([expect.stringMatching(/^panic\.0\.2/u)]));
});

test("a node that missed the survey is brought key sets all the same", async () => {
  await ssh.plan("c", { ...good("c"), report: { code: 255 } });
  await panic("--no-follow");
  expect((await ssh.bundle("c")).documents.keySets).toEqual([fleet.keySet]);
});

test("one node's word does not count for another, and a refusal is told with its reason", async () => {
  await ssh.plan("b", good("b", "a"));
  const refusal = verdict({
    verdict: "refused",
    code: "panic-void",
    reason: "a newer head\u001b[2J was accepted",
  });
  await ssh.plan("c", {
    ...good("c"),
    deliver: { out: answerLine(reportOf("c"), refusal) },
    follow: { out: answerLine(reportOf("c")) },
  });
  const { code, err } = await panic();
  expect(code).toBe(75);
  expect(err).toMatch(/c refuses the panic: panic-void: a newer head[ -~]* was accepted/u);
  expect(err).toContain("2 of 3 nodes are not back after 3 s: b, c");
});

test("an older agent, and one that does not run, are told as what they are", async () => {
  await ssh.plan("b", {
    report: { code: 64, err: "usage: chimera-agent run" },
    deliver: { code: 64 },
    follow: { code: 64 },
  });
  await ssh.plan("c", { report: { code: 127 }, deliver: { code: 127 }, follow: { code: 127 } });
  const { err } = await panic("--no-follow");
  expect(err).toMatch(/b: its agent is older than `--over ssh`/u);
  expect(err).toMatch(/c: there is no .*chimera-agent/u);
});

test("a head that a stranger signed is undone by nobody; one that the fleet signed meanwhile is what is undone", async () => {
  const forged = fleet.head(3, fleet.world(), { by: fleet.signer("stranger") });
  await ssh.plan("b", { ...good("b"), report: { out: answerLine(reportOf("b", {}, forged)) } });
  expect(await panic("--dry-run", "--json")).toMatchObject({
    code: 0,
    out: expect.stringContaining('"serial":2'),
  });
  const newer = fleet.head(3, fleet.world(), { previous: head.id, revertTo: worldId(head.leaves) });
  await ssh.plan("b", { ...good("b"), report: { out: answerLine(reportOf("b", {}, newer)) } });
  // What lies ready is for head 2, and no key is at hand.
  expect(await panic()).toMatchObject({
    code: 78,
    err: expect.stringContaining("no key for the role panic"),
  });
});

test.each([
  [["--ssh-target", "a=-oProxyCommand=touch x"], /an ssh target is/u],
  [["--ssh-target", "-a=x"], /ssh-target/u],
])("%j is refused before anything is started", async (args, says) => {
  const { code, err } = await panic(...args);
  expect({ code, err }).toEqual({ code: 64, err: expect.stringMatching(says) });
  await expect(ssh.calls()).rejects.toThrow(/ENOENT/u);
});

test("a machine that has never seen the fleet says what to copy", async () => {
  await ssh.forget();
  const { code, err } = await panic();
  expect({ code, err }).toEqual({
    code: 65,
    err: expect.stringMatching(/never seen the key sets.*copy .*from a machine of an operator/u),
  });
});
