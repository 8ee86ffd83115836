/** What somebody else puts in the place of the lead's record, and leads whose clock is wrong, on a real nats-server. */
import { maxLease, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { expect, test, vi } from "vitest";
import { createHead, createLeaf, createSigner, sealHead } from "../fleet-fixture.ts";
import { patient, useLeads, waves } from "./use-leads.ts";

const { ground, play, start, asking } = useLeads();
const fleet = () => ground().fleet;

test("a record that says that the fleet went back, where its head does not consent to that, is a pause", async () => {
  await play({ n1: "lingers" });
  fleet().endConsent();
  const first = start("n1", { mayReturn: false });
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  await fleet().putRecord({ ...(await fleet().record()), phase: "returned", reason: "go back" });
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("paused"), patient);
  expect((await fleet().record())?.reason).toBe("go back; nobody consented to go back");
  await asking("resume");
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("waves"), patient);
  first.die();
});

test.each<[string, (records: RolloutRecord[]) => unknown]>([
  ["the first of its records again", ([first]) => first],
  ["its newest one with a lower lease", (all) => ({ ...all.at(-1), lease: 0 })],
  [
    "one of another head of an earlier place",
    (all) => ({ ...all.at(-1), head: "c".repeat(64), place: { epoch: 0, serial: 0 } }),
  ],
  [
    "one of another head of a place that is never reached",
    (all) => ({ ...all.at(-1), head: "c".repeat(64), place: { epoch: 2 ** 40, serial: 1 } }),
  ],
  ["one of another head of its place", (all) => ({ ...all.at(-1), head: "c".repeat(64) })],
  ["one that lets everybody go", (all) => ({ ...all.at(-1), released: { wave: 2, first: 1 } })],
  ["the highest lease there is", (all) => ({ ...all.at(-1), lease: maxLease, lead: "n9" })],
  ["one that says that everybody has committed", (all) => ({ ...all.at(-1), phase: "committed" })],
  ["900 KB of it", (all) => ({ ...all.at(-1), more: "x".repeat(900_000) })],
  ["failures that an operator is said to have seen", (all) => ({ ...all.at(-1), tolerated: 4 })],
])("whoever puts %s in the place of the record holds nobody up", async (_, forge) => {
  await play();
  await fleet().putHead(sealHead(createHead(1, [createLeaf(createSigner("n1"), "a")])));
  const first = start("n1");
  await vi.waitFor(() => expect(fleet().gone).toContain("n1"), patient);
  await fleet().putRecord(forge(await fleet().history()));
  expect(await first.ended).toBe("committed");
  expect(fleet().gone.toSorted()).toEqual(waves.flat());
});

test("whoever writes that all have committed, just when a wave has, ends nothing before the next one's receipts lie there", async () => {
  await play({ n4: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(fleet().gone.toSorted()).toEqual(["n1", "n2", "n3"]), patient);
  await fleet().putRecord({ ...(await fleet().record()), phase: "committed" });
  await vi.waitFor(() => expect(fleet().gone).toContain("n4"), patient);
  first.die();
});

test.each(["lives", "dies at once"])(
  "whoever writes that all have committed while the last wave is under way ends nothing, where the lead %s",
  async (fate) => {
    await play({ n4: "lingers" });
    const first = start("n1");
    const second = start("n2");
    await vi.waitFor(() => expect(fleet().gone).toContain("n4"), patient);
    const seen = await fleet().record();
    if (fate === "dies at once") (seen?.lead === "n1" ? first : second).die();
    await fleet().putRecord({ ...seen, phase: "committed" });
    await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("waves"), patient);
    await asking("abort");
    await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("returned"), patient);
    for (const lead of [first, second]) lead.die();
  },
);

test("a lead that has once put back what the store had lost goes on over a word that it is over", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  const known = await fleet().record();
  first.die();
  const second = start("n2", { known });
  await vi.waitFor(async () => expect((await fleet().record())?.lead).toBe("n2"), patient);
  await fleet().putRecord({ ...(await fleet().record()), lease: 0 });
  await vi.waitFor(async () => expect((await fleet().record())?.lease).toBeGreaterThan(0), patient);
  await fleet().putRecord({ ...(await fleet().record()), phase: "committed" });
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("waves"), patient);
  second.die();
}, 90_000);

test("past the consent a word that the fleet went back in time moves nobody: the lead leads on, and answers", async () => {
  await play({ n1: "lingers" });
  fleet().endConsent();
  const first = start("n1", { clockMs: 3 * 3_600_000 });
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  await fleet().putRecord({ ...(await fleet().record()), phase: "returned", at: new Date().toISOString() });
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("paused"), patient);
  await asking("resume");
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("waves"), patient);
  first.die();
});

test("where everybody had committed, a machine that has seen that puts right what somebody writes past the consent", async () => {
  await play();
  expect(await start("n1").ended).toBe("committed");
  fleet().endConsent();
  const known = await fleet().record();
  await fleet().putRecord({ ...known, phase: "returned", at: new Date().toISOString() });
  const again = start("n1", { known, ended: "committed", clockMs: 3 * 3_600_000 });
  expect(await again.ended).toBe("committed");
  expect(await fleet().record()).toMatchObject({ phase: "committed", lead: "n1" });
});

test("a lower lease than was seen does nothing: the next one is above all of them", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  const seen = await fleet().record();
  await fleet().putRecord({ ...seen, lease: 7, lead: "n8" });
  await vi.waitFor(() => expect(first.said.at(-1)).toBe("n8 leads"), patient);
  await fleet().putRecord({ ...seen, lease: 2, lead: "n9", released: { wave: 2, first: 1 } });
  await vi.waitFor(
    async () => expect(await fleet().record()).toMatchObject({ lease: 8, lead: "n1" }),
    patient,
  );
  expect((await fleet().record())?.released).toEqual(seen?.released);
});

test.each([-3, 3])("a lead whose clock is off by %i hours leads like any other", async (hours) => {
  await play();
  expect(await start("n1", { clockMs: hours * 3_600_000 }).ended).toBe("committed");
});

test("a lead whose clock is behind takes the fleet back all the same", async () => {
  await play({ n1: "reverts" });
  expect(await start("n1", { clockMs: -3 * 3_600_000 }).ended).toBe("returned");
});

test("a lead for whose clock the consent is over only stops it", async () => {
  await play({ n1: "reverts" });
  const ahead = start("n2", { clockMs: 3 * 3_600_000 });
  await vi.waitFor(async () => expect((await fleet().record())?.phase).toBe("paused"), patient);
  expect((await fleet().record())?.reason).toMatch(/nobody consented to go back/);
  ahead.die();
});
