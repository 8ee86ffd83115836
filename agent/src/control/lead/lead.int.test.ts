/** Leads on a real nats-server, with the permissions of a node that may lead. The clock of the leads runs five times as fast. */
import { provenNodes } from "@chimera/proto/rollout/wave-receipts";
import { expect, test, vi } from "vitest";
import { createHead, createLeaf, createSigner, idOf, sealHead } from "../fleet-fixture.ts";
import { namesOf } from "./played-fleet.ts";
import { headId as id, patient, useLeads, waves } from "./use-leads.ts";

const { ground, play, start, asking } = useLeads();
const fleet = () => ground().fleet;

const releases = async () =>
  (await fleet().history()).flatMap(({ released }) => (released ? [[released.wave, released.first]] : []));

test("waves go one after the other, each on receipts of the one before that any node can check", async () => {
  await play();
  expect(await start("n1").ended).toBe("committed");
  expect(fleet().gone).toEqual(waves.flat());
  const [canary, ...later] = await releases();
  expect(canary).toEqual([0, 1]);
  expect(later).toContainEqual([1, 2]);
  expect(await fleet().record()).toMatchObject({ phase: "committed", lease: 1, lead: "n1", failedCount: 0 });
  const gathered = await fleet().receipts(1);
  const [, second = []] = waves;
  const nodes = second.map((name) => ({ node: name, nodeKey: fleet().keyOf(name) }));
  const proven = gathered === null ? [] : [...provenNodes(gathered, { v: 1, kind: "wave", nodes }, id)];
  // Half of two nodes is one: as many receipts are laid as a node asks for.
  expect(proven).toHaveLength(1);
  expect(await fleet().receipts(2)).toBeNull();
});

test("a canary that fails takes the fleet back, and nobody else was let go", async () => {
  await play({ n1: "reverts" });
  expect(await start("n1").ended).toBe("returned");
  expect(fleet().gone).toEqual(["n1"]);
  expect(await fleet().record()).toMatchObject({
    phase: "returned",
    reason: expect.stringContaining("n1 reverted: unit web failed"),
    failed: [{ node: "n1", state: "reverted" }],
  });
});

test("without consent a canary that fails pauses, and the lead stays", async () => {
  await play({ n1: "reverts" });
  const first = start("n1", { mayReturn: false });
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("paused"), patient);
  first.die();
  expect(await first.ended).toBe("superseded");
});

test("who is away from the beginning holds nobody up", async () => {
  await play({ n3: "away" });
  expect(await start("n1").ended).toBe("committed");
  expect(fleet().gone).toEqual(namesOf("n1", "n2", "n4"));
});

test("of two leads one leads; when it dies the other goes on where it stood", async () => {
  await play({ n1: "lingers" });
  const [first, second] = [start("n1"), start("n2")];
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  const stood = await fleet().record();
  const [alive, dying] = stood?.lead === "n1" ? [second, first] : [first, second];
  await vi.waitFor(() => expect(alive.said.at(-1)).toBe(`${stood?.lead} leads`), patient);
  dying.die();
  await vi.waitFor(
    async () => expect((await fleet().record())?.lease).toBe((stood?.lease ?? 0) + 1),
    patient,
  );
  const taken = await fleet().record();
  expect(taken).toMatchObject({ phase: "waves", released: stood?.released, reason: stood?.reason });
  expect(taken?.lead).not.toBe(stood?.lead);
  await asking("abort");
  expect(await alive.ended).toBe("returned");
});

test("one that cannot write is not heard any more, and another goes on where it stood", async () => {
  await play({ n1: "lingers" });
  let isDenied = false;
  const first = start("n1", { isDenied: () => isDenied });
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  const { lease = 0, released } = (await fleet().record()) ?? {};
  const second = start("n2");
  await vi.waitFor(() => expect(second.said.at(-1)).toBe("n1 leads"), patient);
  isDenied = true;
  await asking("pause");
  // It sees that it is asked, and cannot answer.
  await vi.waitFor(() => expect(first.said.at(-1)).toContain("the store did not take it"), patient);
  await vi.waitFor(
    async () => expect(await fleet().record()).toMatchObject({ lead: "n2", phase: "paused", released }),
    patient,
  );
  expect((await fleet().record())?.lease).toBe(lease + 1);
  await vi.waitFor(() => expect(first.said.at(-1)).toBe("n2 leads"), patient);
});

test("a garbled record, or none, is begun anew above every lease; another lead's is followed", async () => {
  await play();
  await fleet().putRecord({ v: 1, nonsense: true });
  const first = start("n1");
  await vi.waitFor(async () => expect((await fleet().record())?.lead).toBe("n1"), patient);
  const record = await fleet().record();
  await fleet().putRecord({ ...record, lease: 99, lead: "n9" });
  await vi.waitFor(() => expect(first.said.at(-1)).toBe("n9 leads"), patient);
  await fleet().putRecord("lost");
  // Nodes that have seen lease 99 heed no lower one.
  await vi.waitFor(async () => expect((await fleet().record())?.lease).toBe(100), patient);
  expect(await first.ended).toBe("committed");
});

test("the lead of an older head leaves a newer head's record alone, and one of a newer head takes it over", async () => {
  await play({ n1: "lingers" });
  const published = sealHead(createHead(2, [createLeaf(createSigner("n1"), "a")]));
  await fleet().putHead(published);
  const newer = {
    v: 1,
    head: idOf(published),
    lease: 7,
    phase: "waves",
    reason: "",
    at: new Date().toISOString(),
  };
  await fleet().putRecord({ ...newer, place: { epoch: 0, serial: 2 }, lead: "n8" });
  const old = start("n1");
  await vi.waitFor(() => expect(old.said.at(-1)).toBe("n8 leads"), patient);
  await new Promise((done) => setTimeout(done, 5_000));
  expect(await fleet().record()).toMatchObject({ lease: 7, lead: "n8" });
  old.die();
  const next = start("n2", { serial: 3 });
  await vi.waitFor(async () => expect(await fleet().record()).toMatchObject({ head: id, lease: 8 }), patient);
  next.die();
});

test("a lead that NATS left alone for a while takes nobody's silence for a failure", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  await ground().nats.kill();
  // Longer than a node in probation may be silent.
  await new Promise((done) => setTimeout(done, 12_000));
  await ground().nats.restartBare();
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("waves"), patient);
  await new Promise((done) => setTimeout(done, 3_000));
  expect(await fleet().record()).toMatchObject({ phase: "waves", failedCount: 0 });
  first.die();
}, 120_000);

test("an operator pauses, goes on, and takes it all back; what somebody else signed, and what was answered, does nothing", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(async () => expect(fleet().gone).toEqual(["n1"]), patient);
  await asking("abort", createSigner("somebody"));
  await asking("pause");
  await vi.waitFor(async () => expect(await fleet().record()).toMatchObject({ phase: "paused" }), patient);
  expect((await fleet().record())?.reason).toBe("paused by ops: test");
  await asking("resume");
  await vi.waitFor(async () => expect(await fleet().record()).toMatchObject({ phase: "waves" }), patient);
  const { lease, answered } = (await fleet().record()) ?? {};
  // The next lead finds the same ask in the store, and that it was answered.
  first.die();
  const second = start("n2");
  await vi.waitFor(async () => expect((await fleet().record())?.lease).toBe((lease ?? 0) + 1), patient);
  await asking("abort");
  expect(await second.ended).toBe("returned");
  const record = await fleet().record();
  expect(record?.reason).toBe("aborted by ops: test");
  expect(record?.answered).not.toBe(answered);
  expect(fleet().gone).toEqual(["n1"]);
});
