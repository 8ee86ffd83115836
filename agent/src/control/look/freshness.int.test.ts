import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import type { Fresh } from "@chimera/proto/signed/fresh";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  createHead,
  createKeySet,
  createLeaf,
  fleetId,
  idOf,
  sealFresh,
  sealHead,
  sealPanic,
  signers,
} from "../fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../node-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let fixture: NodeFixture;
let leaf: Leaf;

beforeEach(async () => {
  fixture = await createNodeFixture();
  leaf = createLeaf(fixture.nodeKey, "a");
  fixture.leaves.put([leaf]);
  await fixture.nats.start();
  const { roles } = createKeySet(2);
  const fresh = { keys: [signers.fresh.publicKey], threshold: 1 };
  const withFresh = createKeySet(2, { roles: { ...roles, fresh } });
  await fixture.putKeySet(2, seal("keys", withFresh, [signers.root]));
});

afterEach(() => fixture.dispose());

const head = (serial: number, leaves = [leaf]) => sealHead(createHead(serial, leaves));
const nameOf = (envelope: Envelope, serial: number): Fresh["head"] => ({
  epoch: 0,
  serial,
  id: idOf(envelope),
});
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const arrives = (work: () => void) => vi.waitFor(work, patient);

const record = (id: string, phase = "paused", lease = 1) => ({
  v: 1,
  head: id,
  lease,
  phase,
  reason: "x",
  at: ago(0),
});

async function alarms(): Promise<string[]> {
  return (await fixture.events()).flatMap(({ type, data }) => (type === "alarm" ? [data.code] : []));
}

test("a word that is too old stops new heads and raises one alarm, a new one ends it; panic passes all the same", async () => {
  const side = fixture.start();
  const [first, second] = [head(1), head(2)];
  await fixture.put("head", first);
  await fixture.put("fresh", sealFresh(nameOf(first, 1), ago(30)));
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1));
  await fixture.put("fresh", sealFresh(nameOf(first, 1), ago(0)));
  await side.refresh();
  await fixture.stop();
  // Only the limit is another one: the word is old now.
  const late = fixture.start({ freshSeconds: -1 });
  await fixture.put("head", second);
  await arrives(() => expect(late.keeper.problem()?.code).toBe("freeze-suspected"));
  await vi.waitFor(async () => expect(await alarms()).toEqual(["freeze-suspected"]), patient);
  await late.refresh();
  expect(await alarms()).toEqual(["freeze-suspected"]);
  // The alarm is the younger of the two, and says less.
  const said = late.problems().filter((problem) => problem?.code === "freeze-suspected");
  expect(said).toEqual([
    expect.objectContaining({ message: expect.stringMatching("or its clock is ahead") }),
  ]);
  await fixture.put("panic", sealPanic(first, { world: createHead(1, [leaf]).world }));
  await arrives(() => expect(fixture.onDisk()?.panic).not.toBeNull());
  expect(fixture.onDisk()?.head?.head.serial).toBe(1);
  await fixture.put("fresh", sealFresh(nameOf(second, 2), new Date(Date.now() + 60_000).toISOString()));
  await arrives(() =>
    expect(late.problems().map((problem) => problem?.message ?? "")).not.toContainEqual(
      expect.stringMatching(/clock|no word/),
    ),
  );
});

test("a head that the controller's word names, and the store does not show, is an alarm until it is shown", async () => {
  const side = fixture.start();
  const [first, second] = [head(1), head(2)];
  await fixture.put("head", first);
  await fixture.put("fresh", sealFresh(nameOf(second, 2)));
  await vi.waitFor(async () => expect(await alarms()).toEqual(["head-withheld"]), patient);
  expect(side.problems()).toContainEqual(expect.objectContaining({ code: "head-withheld" }));
  await side.refresh();
  expect(await alarms()).toEqual(["head-withheld"]);
  await fixture.put("head", second);
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(2));
  await arrives(() => expect(side.problems()).toEqual([null, null]));
});

test("a clock that is far behind the controller's is said aloud, and nothing else is made of it", async () => {
  fixture.start();
  await fixture.put("fresh", sealFresh(null, new Date(Date.now() + 1800_000).toISOString()));
  await vi.waitFor(async () => expect(await alarms()).toEqual(["clock-behind"]), patient);
  await fixture.put("head", head(1));
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1));
});

test("a rollout record of another head is ignored and told once; that of a head before is no news", async () => {
  const side = fixture.start();
  const [first, second] = [head(1), head(2)];
  await fixture.put("fresh", sealFresh(null));
  await fixture.put("head", first);
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1));
  await fixture.put("rollout", record(idOf(first)));
  await arrives(() => expect(side.rollout()?.phase).toBe("paused"));
  await fixture.put("head", second);
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(2));
  await side.refresh();
  expect(side.rollout()).toBeNull();
  expect(await fixture.refusals()).toEqual([]);
  await fixture.put("rollout", record(fleetId));
  await vi.waitFor(async () => {
    expect(await fixture.refusals()).toEqual([
      expect.objectContaining({ document: "rollout", code: "rollout-foreign", id: fleetId }),
    ]);
  }, patient);
  expect(side.rollout()).toBeNull();
});

test("once a rollout is committed, no later record takes its head back, and no older lead says anything", async () => {
  const side = fixture.start();
  const first = head(1);
  await fixture.put("head", first);
  await fixture.put("fresh", sealFresh(null));
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1));
  const say = async (phase: string, lease: number) => {
    await fixture.put("rollout", record(idOf(first), phase, lease));
    await side.refresh();
  };
  await say("waves", 2);
  expect(side.rollout()?.phase).toBe("waves");
  await say("returned", 1);
  expect(side.rollout()?.phase).toBe("waves");
  await say("committed", 2);
  await say("returned", 3);
  expect(side.rollout()?.phase).toBe("committed");
});

test.each([
  ["a fleet that went back with consent has ended with that", 60, "returned"],
  ["where nobody consented any more it has not", -60, "committed"],
])("%s, whatever is written over its record", async (_, minutes, shown) => {
  const side = fixture.start();
  const consent = { revertTo: worldId([leaf]), consentUntil: ago(-minutes) };
  const first = sealHead(createHead(1, [leaf], consent));
  await fixture.put("head", first);
  await fixture.put("fresh", sealFresh(null));
  await arrives(() => expect(fixture.onDisk()?.head?.head.serial).toBe(1));
  for (const phase of ["waves", "returned", "committed"]) {
    await fixture.put("rollout", record(idOf(first), phase, 2));
    await side.refresh();
  }
  expect(side.rollout()?.phase).toBe(shown);
});
