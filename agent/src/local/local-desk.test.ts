import { LocalAnswer } from "@chimera/proto/local-api";
import { noLocalState } from "@chimera/proto/local-order";
import { expect, test } from "vitest";
import { applyC, hold, openDesk, refused, release, revert, signedHold } from "./desk-fixture.ts";
import { a, b, c, hourMs, journal, noon, status } from "./local-fixture.ts";

test("apply is on disk before it is reported, done or answered", async () => {
  const { answer, world } = openDesk();
  const said = LocalAnswer.parse(await answer(applyC));
  expect(said).toMatchObject({ ok: true, outcome: "ordered", status: { local: { toplevel: c } } });
  expect(world.trail).toEqual(["save", "report", "wake"]);
  expect(world.local.order).toMatchObject({
    action: "apply",
    toplevel: c,
    base: { epoch: 0, serial: 7, rank: 0 },
    createdAt: "2026-11-23T12:00:00.000Z",
    until: "2026-11-23T13:00:00.000Z",
    author: "root@n1",
    reason: "a test",
  });
  expect(world.events).toEqual([
    {
      type: "local-order",
      data: {
        action: "apply",
        toplevel: c,
        until: "2026-11-23T13:00:00.000Z",
        author: "root@n1",
        reason: "a test",
      },
    },
  ]);
});

test("what is signed and runs is adopted: an order before it is over", async () => {
  const { answer, world } = openDesk();
  await answer(applyC);
  expect(await answer({ ...applyC, toplevel: b })).toMatchObject({ ok: true, outcome: "adopted" });
  expect(world.local.order).toBeNull();
});

test("what is signed but does not run yet is ordered like any other", async () => {
  const { answer } = openDesk({
    facts: { status: { ...status, wanted: c }, journal: { ...journal, step: "staged" } },
  });
  expect(await answer(applyC)).toMatchObject({ ok: true, outcome: "ordered" });
});

test("a node that has accepted nothing yet takes an order too: any document ends it", async () => {
  const { answer, world } = openDesk({ facts: { signedPlace: null, journal: null } });
  expect(await answer(applyC)).toMatchObject({ ok: true });
  expect(world.local.order?.base).toEqual({ epoch: 0, serial: 0, rank: 0 });
});

test("revert goes back to what ran before the present system", async () => {
  const { answer, world } = openDesk();
  expect(await answer(revert)).toMatchObject({ ok: true, outcome: "ordered" });
  expect(world.local.order).toMatchObject({ action: "revert", toplevel: a });
});

test("hold and release stand beside the signed hold", async () => {
  const { answer, world } = openDesk({ facts: { signedHold } });
  expect(await answer(hold)).toMatchObject({
    ok: true,
    outcome: "held",
    status: { holds: { signed: signedHold, local: { drift: true, until: "2026-11-23T14:00:00.000Z" } } },
  });
  expect(await answer(release)).toMatchObject({
    outcome: "released",
    status: { holds: { signed: signedHold, local: null } },
  });
  expect(await answer(release)).toMatchObject({ ok: true, outcome: "not-held" });
  expect(world.events.map(({ data }) => Reflect.get(data, "action"))).toEqual(["hold", "release"]);
});

test("two at once are judged one after the other", async () => {
  const { answer } = openDesk();
  const [first, second] = await Promise.all([answer(hold), answer(applyC)]);
  expect(first).toMatchObject({ ok: true });
  expect(second).toMatchObject(refused("held", /by root@n1/u));
});

test("a bug is thrown to whoever serves the desk, and the next request is served", async () => {
  const { world, ...desk } = openDesk();
  const good = world.facts;
  world.facts = new Proxy(good, {
    get() {
      throw new TypeError("a bug");
    },
  });
  await expect(desk.answer(revert)).rejects.toThrow("a bug");
  world.facts = good;
  expect(await desk.answer(revert)).toMatchObject({ ok: true });
});

test("status changes nothing", async () => {
  const { answer, world } = openDesk();
  expect(await answer({ v: 1, command: "status" })).toMatchObject({
    ok: true,
    outcome: "shown",
    status: { node: "n1", journal: { step: "committed" } },
  });
  expect(world.trail).toEqual([]);
});

test("what is over is forgotten and reported once", async () => {
  const { answer, settle, world } = openDesk();
  await answer(applyC);
  await answer(hold);
  settle();
  expect(world.events).toHaveLength(2);
  world.now = noon + hourMs;
  settle();
  settle();
  expect(world.events.slice(2)).toMatchObject([
    { data: { action: "ended", toplevel: c, reason: "its time is over" } },
  ]);
  expect(world.local).toMatchObject({ order: null, hold: { drift: true } });
  world.now = noon + 2 * hourMs;
  settle();
  settle();
  expect(world.events.slice(3)).toMatchObject([{ data: { action: "ended", toplevel: null } }]);
  expect(world.local).toEqual(noLocalState);
});

test("release lets a node go on in which another system was booted, in that boot and no other", async () => {
  const { system } = status;
  const standing = {
    status: { ...status, system: { ...system, current: a } },
    journal: { ...journal, bootedOther: a },
  };
  const { answer, world } = openDesk({ facts: standing });
  expect(await answer(release)).toMatchObject({ ok: true, outcome: "released" });
  expect(world.local).toEqual({ ...noLocalState, goesOnIn: "boot" });
  expect(world.trail).toEqual(["save", "report", "wake"]);
  expect(await answer(release)).toMatchObject({ outcome: "not-held" });
  world.facts = {
    ...world.facts,
    status: { ...standing.status, agent: { ...status.agent, bootId: "next" } },
  };
  expect(await answer(release)).toMatchObject({ outcome: "released" });
  expect(world.local.goesOnIn).toBe("next");
  // What somebody activated over it is no rest of the node's.
  const over = { ...standing, status: { ...status, system: { ...system, current: c } } };
  expect(await openDesk({ facts: over }).answer(release)).toMatchObject({ outcome: "not-held" });
});

test("one release ends both, root's hold and that", async () => {
  const standing = {
    status: { ...status, system: { ...status.system, current: a } },
    journal: { ...journal, bootedOther: a },
  };
  const { answer, world } = openDesk({ facts: standing });
  await answer(hold);
  await answer(release);
  expect(world.local).toEqual({ ...noLocalState, goesOnIn: "boot" });
});

test("a newer document ends it", async () => {
  const { answer, settle, world } = openDesk();
  await answer(applyC);
  world.facts = { ...world.facts, signedPlace: { epoch: 0, serial: 8, rank: 0 } };
  settle();
  expect(world.events.at(-1)).toMatchObject({ data: { action: "ended", reason: "0.8 was accepted" } });
});

test("beside a clock that stands still it ends by the time since boot", async () => {
  const { answer, settle, world } = openDesk();
  await answer(applyC);
  settle();
  world.uptime += hourMs - 1;
  settle();
  expect(world.local.order).not.toBeNull();
  world.uptime += 1;
  settle();
  expect(world.local.order).toBeNull();
});

test("what is over but cannot be forgotten is reported when it can", async () => {
  const { answer, settle, world } = openDesk();
  await answer(applyC);
  Object.assign(world, { now: noon + hourMs, saveFails: true });
  settle();
  expect(world.events).toHaveLength(1);
  world.saveFails = false;
  settle();
  expect(world.events).toHaveLength(2);
});
