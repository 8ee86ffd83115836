/** Slow fights over restarts of the agent: on a real folder, through the whole service. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bootId, uptimeMs } from "../boot-clock.ts";
import { useEtcFixture } from "./etc-fixture.ts";
import { openFights, type Fights } from "./fight-file.ts";

const minute = 60_000;
/** One that hands out no rights: such a path would be put back in its rest. */
const path = "/etc/cron/jobs/nightly";

/** As if it had been put back in so many minutes before. */
function noteReverts({ budget }: Fights, count: number): void {
  for (let ago = count; ago > 0; ago -= 1) budget.noteReverted(path, performance.now() - ago * 5 * minute);
}

describe("with an /etc", () => {
  const { fixture, at } = useEtcFixture();
  const tamper = (): void => writeFileSync(at("cron/jobs/nightly"), "by hand\n");
  const isBack = (): boolean => readFileSync(at("cron/jobs/nightly"), "utf8") !== "by hand\n";
  const codes = (): string[] =>
    fixture().events.map((event) => (event.type === "alarm" ? `alarm ${event.data.code}` : event.type));

  test("who changes a path every five minutes meets an agent that remembers it, however often that is restarted", async () => {
    const { stateDir } = fixture();
    const first = openFights(stateDir);
    noteReverts(first, 5);
    first.stop();

    const second = openFights(stateDir);
    const drift = fixture().start({ budget: second.budget });
    tamper();
    await drift.sweepNow();
    expect(isBack()).toBe(true);
    await drift.stop();
    second.stop();

    // A minute later than the sixth: what is written down says so.
    const file = join(stateDir, "drift-fights.json");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/"uptimeMs":[\d.]+/, `"uptimeMs":${uptimeMs() - 2 * minute}`));
    const third = openFights(stateDir);
    const later = fixture().start({ budget: third.budget });
    tamper();
    await later.sweepNow();
    expect([isBack(), codes()]).toEqual([
      false,
      ["drift-reverted", "alarm budget-spent", "drift-unreverted"],
    ]);
    expect(later.summary()).toMatchObject({ fought: [{ path, trips: 1 }], openCount: 1 });
    expect(later.summary().open[0]?.why).toContain("6 minutes of a day");
    await later.stop();
    third.stop();

    const fourth = openFights(stateDir);
    const last = fixture().start({ budget: fourth.budget });
    await last.sweepNow();
    expect(isBack()).toBe(false);
    expect(codes().filter((code) => code.startsWith("alarm"))).toHaveLength(1);
    last.resume(path);
    await vi.waitFor(() => expect(isBack()).toBe(true));
    fourth.stop();
    expect(openFights(stateDir).budget.isResting(path, performance.now())).toBe(false);
  });
});

describe("the file", () => {
  let stateDir: string;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "chimera-fights-"));
  });
  afterEach(() => rmSync(stateDir, { recursive: true }));
  const file = (): string => join(stateDir, "drift-fights.json");

  function write(fields: object): void {
    mkdirSync(stateDir, { recursive: true });
    const fights = [
      { path, revertedAgoMs: [0], rest: { endsInMs: minute, trips: 1, pace: "day" }, left: null },
    ];
    const known = { v: 1, bootId: bootId(), uptimeMs: uptimeMs(), atMs: Date.now(), fights };
    writeFileSync(file(), JSON.stringify({ ...known, ...fields }));
  }
  const isResting = (): boolean => openFights(stateDir).budget.isResting(path, performance.now());

  test("is read by the clock of this boot, and by the wall clock over another", () => {
    write({});
    expect(isResting()).toBe(true);
    write({ atMs: 0 });
    expect(isResting()).toBe(true);
    write({ uptimeMs: uptimeMs() - 2 * minute });
    expect(isResting()).toBe(false);
    write({ bootId: "another", uptimeMs: uptimeMs() - 2 * minute });
    expect(isResting()).toBe(true);
    write({ bootId: "another", atMs: Date.now() - 2 * minute });
    expect(isResting()).toBe(false);
    // A clock that was set back.
    write({ bootId: "another", atMs: Date.now() + 1000 * minute });
    expect(isResting()).toBe(true);
  });

  test("that is none, or of another form, is as if there were none", () => {
    for (const text of ["", "[]", "{", '{"v":2}']) {
      writeFileSync(file(), text);
      expect(isResting()).toBe(false);
    }
    write({ fights: [{ path }] });
    expect(isResting()).toBe(false);
  });

  test("stays small and is root's alone, whatever somebody calls their files", () => {
    const fights = openFights(stateDir);
    for (let index = 0; index < 9000; index += 1)
      fights.budget.noteReverted(`/etc/${index}${"\u0001".repeat(1000)}`, performance.now());
    noteReverts(fights, 6);
    fights.stop();
    const { size, mode } = statSync(file());
    expect(size).toBeLessThan(4 << 20);
    expect(mode & 0o777).toBe(0o600);
    expect(openFights(stateDir).budget.spend(path, performance.now()).kind).toBe("tripped");
  });
});
