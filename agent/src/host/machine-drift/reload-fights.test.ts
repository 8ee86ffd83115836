/** What a daemon-reload brings back, or does not mend; on a real file system, as root. */
import { existsSync, lstatSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { createBudget } from "../../reconcile/drift/etc-budget.ts";
import { firstWaitMs } from "../../reconcile/drift/costly-tries.ts";
import { useMachineFixture } from "./machine-fixture.ts";

const fixture = useMachineFixture();
const at = (path: string): string => join(fixture().root, path);
const mask = "run/systemd/system/app.service";
const generator = "etc/systemd/system-generators/lxc";

/** As distrobuilder's generator does in an LXC container. */
function maskAtReloads(): void {
  fixture().generate = () => {
    if (!existsSync(at(mask)) && !isMasked()) symlinkSync("/dev/null", at(mask));
  };
  fixture().generate();
}

const isMasked = (): boolean => lstatSync(at(mask), { throwIfNoEntry: false })?.isSymbolicLink() === true;
const told = (): string[] =>
  fixture().events.map((event) => (event.type === "alarm" ? `alarm ${event.data.code}` : event.type));

test("a mask that a generator makes at each reload is taken away once, then told with who makes it, and left", async () => {
  fixture().write(generator, '#!/bin/sh\nln -sf /dev/null "/run/systemd/system/app.service"\n');
  fixture().write("etc/systemd/system-generators/other", "#!/bin/sh\ntouch $1/x\n");
  maskAtReloads();
  const budget = createBudget();
  const drift = fixture().start({ budget });
  for (let count = 0; count < 5; count += 1) await drift.sweepNow();
  expect(told()).toEqual(["drift-found"]);
  expect([isMasked(), fixture().counts.reloads]).toEqual([true, 1]);
  expect(drift.summary()).toMatchObject({
    openCount: 1,
    reverted: 0,
    open: [{ path: at(mask), kind: "unit-override", why: expect.stringContaining(at(generator)) }],
  });
  await drift.stop();
  // What is remembered of it outlives the agent.
  await fixture()
    .start({ budget: createBudget(budget.remembered(0)) })
    .sweepNow();
  expect([isMasked(), fixture().counts.reloads]).toEqual([true, 1]);
});

test("another find in the place of what a generator makes is taken away, and the generator's own is left again", async () => {
  fixture().write(generator, 'ln -sf /dev/null "/run/systemd/system/$1"\n');
  maskAtReloads();
  const drift = fixture().start();
  await drift.sweepNow();
  unlinkSync(at(mask));
  fixture().write(mask, "[Service]\nExecStart=/tmp/evil\n");
  await drift.sweepNow();
  expect(isMasked()).toBe(true);
  expect(fixture().counts.reloads).toBe(2);
  await drift.sweepNow();
  expect(fixture().counts.reloads).toBe(2);
});

test("a mask that comes back although no generator names its folder is left at the second time, and resume tries again", async () => {
  maskAtReloads();
  const drift = fixture().start();
  for (let count = 0; count < 5; count += 1) await drift.sweepNow();
  expect(told()).toEqual(["drift-reverted", "drift-found"]);
  expect(fixture().counts.reloads).toBe(2);
  expect(drift.summary().open[0]?.why).toContain("unknown who makes it");
  fixture().generate = () => {};
  drift.resume(at(mask));
  await vi.waitFor(() => expect(isMasked()).toBe(false), { timeout: 5000 });
});

test("what a generator made and then no longer makes is over, and the next mask there is somebody's", async () => {
  fixture().write(generator, 'ln -sf /dev/null "/run/systemd/system/app.service"\n');
  maskAtReloads();
  const drift = fixture().start();
  await drift.sweepNow();
  fixture().generate = () => {};
  rmSync(at(generator));
  unlinkSync(at(mask));
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ openCount: 0 });
  symlinkSync("/dev/null", at(mask));
  await drift.sweepNow();
  expect(isMasked()).toBe(false);
});

test("a unit that wants a reload after each reload gets ever fewer of them, and one alarm after the third", async () => {
  const unit = { name: "app.service", fragment: "/etc/systemd/system/app.service", dropIns: [] };
  fixture().units.set(unit.name, { ...unit, needsReload: true });
  fixture().restless.add(unit.name);
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const drift = fixture().start();
    const reloadsAfter = async (minutes: number): Promise<number> => {
      for (let sweep = 0; sweep < minutes; sweep += 1) {
        await drift.sweepNow();
        vi.advanceTimersByTime(firstWaitMs);
      }
      return fixture().counts.reloads;
    };
    expect(await reloadsAfter(1)).toBe(1);
    expect(await reloadsAfter(6)).toBe(3);
    expect(await reloadsAfter(60)).toBe(7);
    expect(await reloadsAfter(600)).toBeLessThanOrEqual(17);
    expect(told()).toEqual(["drift-unreverted", "alarm reload-failed"]);
    expect(drift.summary().open[0]?.why).toContain("tried again after");
    fixture().restless.clear();
    await reloadsAfter(61);
    expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 1 });
  } finally {
    vi.useRealTimers();
  }
});
