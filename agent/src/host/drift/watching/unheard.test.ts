/** Changes that no watch tells of, with the sweep as it comes: a minute. Nobody asks for a sweep here. As root. */
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { useEtcFixture } from "../etc-fixture.ts";
import { runInNamespace } from "./in-namespace.ts";
import { writeMapped } from "./write-mapped.ts";

const { fixture, at, types, revertedKinds } = useEtcFixture();
const minuteMs = 60_000;

test("what is written through a memory map is put back by the next sweep", { timeout: 90_000 }, async () => {
  const drift = fixture().start({ sweepMs: minuteMs });
  await vi.waitFor(() => expect(drift.summary()).toMatchObject({ watching: true, managed: 11 }), {
    timeout: 5000,
  });
  const before = drift.summary().lastSweepAt;
  writeMapped(at("sudoers"), "evil");
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(readFileSync(at("sudoers"), "utf8")).toMatch(/^evil/u);
  await vi.waitFor(() => expect(revertedKinds()).toEqual(["content"]), { timeout: 65_000, interval: 100 });
  expect(performance.now() - began).toBeLessThan(minuteMs + 1000);
  expect(drift.summary().lastSweepAt).not.toBe(before);
  expect(readFileSync(at("sudoers"), "utf8")).toMatch(/^root/u);
});

const service = `
  const { startDrift } = await import(${JSON.stringify(join(import.meta.dirname, "../drift-service.ts"))});
  const drift = startDrift({
    toplevel: () => folder + "/store/one-system",
    mode: "revert",
    isHeld: () => false,
    ignore: [],
    isSwitching: () => false,
    sweepMs: 60_000,
    log,
    stateDir: folder + "/other-state",
    etcDir: folder + "/etc",
    switchLock: folder + "/lock",
    isActivating: () => false,
    currentSystem: folder + "/current-system",
    onEvent: (event) => say(event),
  });
  const timer = setInterval(() => say({ watching: drift.summary().watching }), 500);
  const stop = async () => (clearInterval(timer), await drift.stop());
`;

test("without any watch all is put back within a minute, and it is told", { timeout: 120_000 }, async () => {
  mkdirSync(join(fixture().root, "other-state"));
  const running = runInNamespace(service, fixture().root, { name: "max_inotify_watches", value: "1" });
  const { said } = running;
  await vi.waitFor(() => expect(said).toContainEqual({ watching: false }), { timeout: 15_000 });
  expect(JSON.stringify(said)).toContain("watch-exhausted");
  // Its tries to listen again are rare by then: each ends in a sweep, too.
  await new Promise((resolve) => setTimeout(resolve, 8000));
  for (const [path, change] of [
    ["/etc/sudoers", () => writeFileSync(at("sudoers"), "evil\n")],
    ["/etc/hostname", () => unlinkSync(at("hostname"))],
  ] as const) {
    change();
    await vi.waitFor(() => expect(JSON.stringify(said)).toContain(`"path":"${path}"`), {
      timeout: minuteMs + 1000,
      interval: 200,
    });
  }
  expect(types()).toEqual([]);
  await running.end();
});
