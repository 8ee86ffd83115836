/** What policy says is done: on a real folder, through the whole service. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { Stance } from "../../reconcile/drift/drift-stance.ts";
import { createEtcFixture, type EtcFixture } from "./etc-fixture.ts";

let fixture: EtcFixture;
afterEach(() => fixture.remove());

const at = (path: string): string => join(fixture.etc, path);
const tamper = (path: string): void => {
  rmSync(at(path), { force: true });
  writeFileSync(at(path), "by hand\n");
};

test("a path that is ignored is not told, one that is reported stays with the reason, until policy changes", async () => {
  fixture = createEtcFixture();
  const stances = new Map<string, Stance>([
    ["/etc/hostname", { kind: "ignore", why: "rule" }],
    ["/etc/sudoers", { kind: "report", why: "measuring" }],
  ]);
  const drift = fixture.start({ stance: (path) => stances.get(path) ?? { kind: "revert" } });
  await drift.sweepNow();
  tamper("hostname");
  tamper("sudoers");
  await drift.sweepNow();
  expect(drift.summary().open).toEqual([expect.objectContaining({ path: "/etc/sudoers", why: "measuring" })]);
  expect(fixture.events.map(({ type }) => type)).toEqual(["drift-found"]);
  stances.clear();
  await drift.sweepNow();
  expect(drift.summary()).toMatchObject({ openCount: 0, reverted: 2 });
});

test("a path that was fought over says until when it rests, and is put back when it is resumed", async () => {
  fixture = createEtcFixture();
  const drift = fixture.start();
  await drift.sweepNow();
  for (let round = 0; round < 12; round += 1) {
    tamper("sudoers");
    await drift.sweepNow();
  }
  const [fought] = drift.summary().fought ?? [];
  expect(fought).toMatchObject({ path: "/etc/sudoers", trips: 1 });
  expect(Date.parse(fought?.until ?? "") - Date.now()).toBeGreaterThan(590_000);
  expect(drift.summary().open[0]?.why).toContain(`only put back once a minute until ${fought?.until}`);
  expect(readFileSync(at("sudoers"), "utf8")).toBe("by hand\n");
  drift.resume("/etc/sudoers");
  await vi.waitFor(() => expect(readFileSync(at("sudoers"), "utf8")).not.toBe("by hand\n"));
  expect(drift.summary()).toMatchObject({ fought: [], openCount: 0 });
  const alarms = fixture.events.filter(({ type }) => type === "alarm");
  expect(alarms).toHaveLength(1);
});
