/** A rollout is over, and NATS loses what it had of it: those that were away must still come along, and nobody else may move. */
import { isBackProven } from "@chimera/proto/rollout/back-receipts";
import { isCommitProven } from "@chimera/proto/rollout/commit-receipts";
import { provenNodes } from "@chimera/proto/rollout/wave-receipts";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import { expect, test, vi } from "vitest";
import { namesOf } from "./played-fleet.ts";
import { headId as id, patient, useLeads, waves } from "./use-leads.ts";

const { ground, play, start } = useLeads();
const fleet = () => ground().fleet;
const lists = (): WaveList[] =>
  waves.map((names) => ({
    v: 1,
    kind: "wave",
    nodes: names.map((node) => ({ node, nodeKey: fleet().keyOf(node) })),
  }));

test("of a fleet that went back half have signed it, and that lies in the store before its lead ends", async () => {
  await play({ n1: "reverts", n4: "away" });
  expect(await start("n1").ended).toBe("returned");
  const laid = await fleet().backReceipts();
  expect(laid?.receipts).toHaveLength(2);
  expect(laid !== null && isBackProven(laid, lists(), id)).toBe(true);
});

test("a word that the fleet goes back is lost at once: who followed it is seen, and the others are not kept waiting", async () => {
  await play({ n1: "lingers" });
  const first = start("n1");
  await vi.waitFor(() => expect(fleet().gone).toEqual(["n1"]), patient);
  const before = await fleet().record();
  first.die();
  const at = new Date().toISOString();
  await fleet().putRecord({ ...before, phase: "returned", reason: "the canary failed", at });
  await vi.waitFor(() => expect(fleet().isBack()).toBe(true), patient);
  await fleet().putRecord(before);
  expect(await start("n2", { known: before }).ended).toBe("returned");
  expect(await fleet().record()).toMatchObject({ phase: "returned", lead: "n2" });
});

test("that everybody has committed lies in the store, signed by all, where nobody is away", async () => {
  await play();
  expect(await start("n1").ended).toBe("committed");
  const laid = await fleet().commitReceipts();
  expect(laid !== null && isCommitProven(laid, lists(), id)).toBe(true);
});

test.each(["knows of it", "knows nothing"])(
  "a fleet that went back stays back: a lead that %s writes it down again, with its time and its proof",
  async (knows) => {
    await play({ n1: "reverts", n4: "away" });
    expect(await start("n1").ended).toBe("returned");
    const before = await fleet().record();
    await fleet().loseRollout();
    const known = knows === "knows of it" ? before : null;
    // Its clock shows a time at which the head does not consent to that any more.
    expect(await start("n2", { known, clockMs: 3 * 3_600_000 }).ended).toBe("returned");
    expect(await fleet().record()).toMatchObject({ phase: "returned", at: before?.at, lead: "n2" });
    expect((await fleet().backReceipts())?.receipts).toHaveLength(2);
    expect(fleet().gone).toEqual(["n1"]);
  },
);

test("what everybody committed is written down again, with the receipts for those that were away", async () => {
  await play({ n4: "away" });
  expect(await start("n1").ended).toBe("committed");
  expect(await fleet().commitReceipts()).toBeNull();
  const known = await fleet().record();
  await fleet().loseRollout();
  expect(await start("n2", { known }).ended).toBe("committed");
  expect(await fleet().record()).toMatchObject({ phase: "committed", at: known?.at, lead: "n2" });
  const [laid, [, second]] = [await fleet().receipts(1), lists()];
  if (laid === null || second === undefined) throw new Error("no receipts of wave 2");
  expect(provenNodes(laid, second, id).size).toBe(1);
});

test("a commit that is not borne out any more, since its nodes are away, waits for them and begins nothing anew", async () => {
  await play();
  expect(await start("n1").ended).toBe("committed");
  const known = await fleet().record();
  fleet().stop();
  await fleet().loseRollout(...namesOf("n1"));
  const second = start("n2", { known, ended: "committed" });
  await vi.waitFor(() => expect(second.said.at(-1)).toContain("waits for those that are away"), patient);
  await new Promise((done) => setTimeout(done, 4_000));
  expect(await fleet().record()).toMatchObject({ phase: "committed", at: known?.at });
  second.die();
});
