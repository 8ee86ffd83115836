/** What passes, and what says nothing of the store: no difference, and nothing that is put back. */
import { execFileSync } from "node:child_process";
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStoreFixture, workerPids, type StoreFixture } from "./store-fixture.ts";

const patient = { timeout: 8_000, interval: 10 };
let store: StoreFixture;
beforeEach(() => {
  store = openStoreFixture();
});
afterEach(() => store.close());

const told = (type: string) => store.events.filter((event) => event.type === type);

test("a folder that is writable for a while, as beside nix-store --optimise, is no difference; one that stays so is", async () => {
  const waits = { bytesMs: 50, metadataMs: 1_500 };
  const service = store.start({ walkMs: 50, waits });
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).toEqual(expect.any(String)), patient);
  const bin = store.at(store.paths.app, "bin");
  // Longer than several walks, and over before the second look counts; three times, since each begins anew.
  for (let i = 0; i < 3; i += 1) {
    chmodSync(bin, 0o755);
    await delay(700);
    chmodSync(bin, 0o555);
    await delay(300);
  }
  expect(store.events).toEqual([]);
  const begun = performance.now();
  chmodSync(bin, 0o755);
  await vi.waitFor(() => expect(told("drift-found")).toHaveLength(1), patient);
  expect(performance.now() - begun).toBeGreaterThan(waits.metadataMs);
  expect(told("drift-found")[0]?.data).toMatchObject({ kind: "store-metadata" });
});

test(
  "a second look does not wait for a large path that is read at leisure",
  { timeout: 30_000 },
  async () => {
    const large = openStoreFixture(1e9);
    try {
      chmodSync(large.at(large.paths.app, "bin"), 0o755);
      const waits = { bytesMs: 2_000, metadataMs: 2_000 };
      const service = large.start({ isPaced: true, roundMs: 1, walkMs: 3600_000, waits });
      const found = () => large.events.filter(({ type }) => type === "drift-found");
      await vi.waitFor(() => expect(found()).toHaveLength(1), { timeout: 15_000, interval: 20 });
      // Which is still being read.
      expect(service.summary()?.store.lastRoundAt).toBeNull();
    } finally {
      await large.close();
    }
  },
);

test("a path that is gone for a moment, as while somebody else repairs it, is no difference", async () => {
  const waits = { bytesMs: 1_000, metadataMs: 1_000 };
  const service = store.start({ walkMs: 30, waits });
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).toEqual(expect.any(String)), patient);
  const app = store.at(store.paths.app);
  for (let i = 0; i < 3; i += 1) {
    renameSync(app, `${app}-aside`);
    await delay(400);
    renameSync(`${app}-aside`, app);
    await delay(300);
  }
  await delay(1_500);
  expect(store.events).toEqual([]);
});

test("a look at the system before is no first look at this one", async () => {
  const { paths } = store;
  const waits = { bytesMs: 2_000, metadataMs: 2_000 };
  let toplevel = paths.system;
  const service = store.start({ toplevel: () => toplevel, walkMs: 50, waits });
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).toEqual(expect.any(String)), patient);
  const begun = performance.now();
  renameSync(store.at(paths.file), `${store.at(paths.file)}-aside`);
  await delay(1_000);
  toplevel = paths.app;
  await vi.waitFor(() => expect(told("drift-found")).toHaveLength(1), patient);
  expect(performance.now() - begun).toBeGreaterThan(2_800);
});

test("a worker without descriptors says nothing of any path: one alarm once it lasts, and no difference", async () => {
  const service = store.start({ mode: "revert", walkMs: 100 });
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).toEqual(expect.any(String)), patient);
  const [pid] = workerPids();
  const limit = (value: string) => execFileSync("prlimit", ["--pid", `${pid}`, `--nofile=${value}`]);
  limit("3:4096");
  await vi.waitFor(() => expect(told("alarm")).toHaveLength(1), patient);
  expect(told("alarm")[0]?.data).toMatchObject({
    code: "store-unreadable",
    message: expect.stringMatching(/could not be looked at .* EMFILE at \.\. That says nothing/),
  });
  expect(service.summary()?.unseen).toEqual([
    expect.stringMatching(/could not be looked at .* EMFILE at \.$/),
  ]);
  await delay(500);
  expect(new Set(store.events.map(({ type }) => type))).toEqual(new Set(["alarm"]));
  expect(told("alarm")).toHaveLength(1);
  limit("1024:4096");
  // What really differs is found again.
  writeFileSync(store.at(store.paths.file), "other\n");
  await vi.waitFor(() => expect(told("drift-unreverted")).toHaveLength(1), { ...patient, timeout: 15_000 });
  expect(told("drift-unreverted")[0]?.data).toMatchObject({ item: { path: store.paths.file } });
  await vi.waitFor(() => expect(service.summary()?.unseen).toBeUndefined(), { ...patient, timeout: 15_000 });
}, 40_000);

test("a worker that is killed in its midst, again and again, is started anew and costs no path its good name", async () => {
  const service = store.start({ mode: "revert", roundMs: 1_000, walkMs: 20, lastsMs: 60_000 });
  let kills = 0;
  while (kills < 20) {
    for (const pid of workerPids()) {
      process.kill(pid, "SIGKILL");
      kills += 1;
    }
    await delay(kills % 3 === 0 ? 400 : 30);
  }
  const walked = service.summary()?.store.lastWalkAt ?? null;
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).not.toBe(walked), patient);
  await vi.waitFor(() => expect(service.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  expect(store.events).toEqual([]);
}, 30_000);

test("one that cannot start at all is an alarm once it lasts, and no reason to put anything back", async () => {
  store.start({ mode: "revert", program: join(store.root, "no-such-program.mjs") });
  await vi.waitFor(() => expect(told("alarm")).not.toEqual([]), patient);
  expect(told("alarm")[0]?.data).toMatchObject({
    code: "store-unreadable",
    message: expect.stringContaining("the store worker ended"),
  });
  expect(new Set(store.events.map(({ type }) => type))).toEqual(new Set(["alarm"]));
});
