/** `chimera publish --over ssh` where a node says that the fleet went back: nobody signs, says so, and only other nodes' words count. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeReport } from "@chimera/proto/delivery";
import { maxLease, type RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { worldId } from "@chimera/proto/signed/world";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSignedFleet, toplevel } from "../fixture/signed-fleet.ts";
import { answerLine, createStandIn, type StandIn } from "./ssh-stand-in.ts";

const names = ["a", "b", "c"];
const fleet = createSignedFleet(names);
const { fleetId } = fleet;
const before = names.map((name) => fleet.leaf(name, toplevel("old")));
const consentUntil = "2026-11-23T13:00:00.000Z";
const head = fleet.head(7, fleet.world(), { revertTo: worldId(before), consentUntil });
const at = "2026-11-23T12:00:00.000Z";
const record: RolloutRecord = { v: 1, head: head.id, lease: maxLease, phase: "returned", reason: "", at };
let ssh: StandIn;

beforeEach(async () => {
  ssh = await createStandIn({ fleetId, keySet: fleet.keySet, head, ready: fleet.panic(head).envelope });
  const file = join(ssh.home, ".local/state/chimera", fleetId, `world.${worldId(before)}.json`);
  await writeFile(file, JSON.stringify({ v: 1, leaves: before }));
  await writeFile(join(ssh.home, "chimera.toml"), "");
});
afterEach(() => ssh.close());

async function says(name: string, current: string, rollout: RolloutRecord | null): Promise<void> {
  const accepted = { epoch: 0, serial: 7, id: head.id, world: worldId(head.leaves), acceptedAt: at };
  const system = { current, booted: null, profile: null, bootDefault: null };
  const changes = { fleetId, at, state: "committed", accepted, system };
  const { envelope } = fleet.node(name).reporting(changes);
  if (envelope === undefined) throw new Error("it is signed");
  const documents = { keys: fleet.keySet, head: head.envelope, panic: null, rollout };
  const report: NodeReport = { status: envelope, ...documents, proofs: [] };
  await ssh.plan(name, { report: { out: answerLine(report) } });
}

const publish = (...args: string[]) =>
  ssh.chimera("publish", "--over", "ssh", "--dry-run", ...args, `a=${toplevel("new")}`);
const onBefore = /made on top of world .*, the one before head 7/u;

test("one node's record against the others' words stops it, and a person may say on what it is built", async () => {
  await says("a", toplevel("old"), record);
  for (const name of ["b", "c"]) await says(name, toplevel(name), null);
  const { code, err } = await publish();
  expect({ code, err }).toEqual({
    code: 75,
    err: expect.stringMatching(
      /of 3 nodes that differ 3 answered: 1 run what they had before, 2 have committed.*--base head/u,
    ),
  });
  const onHead = await publish("--base", "head");
  expect(onHead.err).not.toMatch(/made on top|--base/u);
  expect((await publish("--base", "before")).err).toMatch(onBefore);
});

test("where the nodes run what they had before it is built on that, and said", async () => {
  for (const name of names) await says(name, toplevel("old"), record);
  expect((await publish()).err).toMatch(onBefore);
});
