/** The store of a running service: each way of being wrong is found, told once, and goes on over a restart. */
import {
  chmodSync,
  lutimesSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStoreFixture, type StoreFixture } from "./store-fixture.ts";

const patient = { timeout: 8_000, interval: 20 };
let store: StoreFixture;
beforeEach(() => {
  store = openStoreFixture();
});
afterEach(() => store.close());

const told = (type: string) => store.events.filter((event) => event.type === type);
const found = () => told("drift-found").map(({ data }) => data);

test("nothing is told of a store that is as signed, and a round reads all of it", async () => {
  // The round is so short that all of it is due at once.
  const service = store.start({ roundMs: 1000 });
  await vi.waitFor(() => expect(service.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  const { totalBytes, paths } = service.summary()?.store ?? { totalBytes: 0, paths: 0 };
  expect(paths).toBe(4);
  expect(totalBytes).toBeGreaterThan(200_000);
  await service.stop();
  expect(store.events).toEqual([]);
  const kept: unknown = JSON.parse(readFileSync(join(store.stateDir, "store-scrub.json"), "utf8"));
  expect(kept).toMatchObject({
    v: 1,
    read: { ["b".repeat(32)]: [expect.any(Number), expect.any(String)] },
  });
});

test("at the start: a path that is missing, one that a power cut left empty, one with another time", async () => {
  const { app, file, link } = store.paths;
  rmSync(store.at(link));
  chmodSync(store.at(file), 0o644);
  truncateSync(store.at(file), 0);
  chmodSync(store.at(file), 0o444);
  lutimesSync(store.at(app, "data"), 1000, 1000);
  const service = store.start();
  await vi.waitFor(() => expect(found()).toHaveLength(3), patient);
  expect(found()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ path: link, kind: "store-missing", found: { type: "missing" } }),
      expect.objectContaining({
        path: file,
        kind: "store-content",
        found: expect.objectContaining({ type: "nar", size: 112 }),
      }),
      expect.objectContaining({
        path: app,
        kind: "store-metadata",
        found: expect.objectContaining({ detail: "data: time 1970-01-01T00:16:40.000Z" }),
      }),
    ]),
  );
  expect(service.summary()).toMatchObject({ openCount: 3, store: { paths: 4 } });
});

test("reading that takes longer than until the next walk comes to its end all the same", async () => {
  const service = store.start({ roundMs: 1, walkMs: 1 });
  await vi.waitFor(() => expect(service.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
});

test("bytes that changed and show nothing of it are found by the round, told once, and closed when they are right", async () => {
  const data = store.at(store.paths.app, "data");
  const right = readFileSync(data);
  const wrong = Buffer.from(right);
  wrong[199_999] = 0;
  putQuietly(data, wrong);
  const service = store.start({ roundMs: 1000 });
  await vi.waitFor(() => expect(found()).toHaveLength(1), patient);
  expect(found()[0]).toMatchObject({ path: store.paths.app, kind: "store-content" });
  await vi.waitFor(() => expect(service.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  putQuietly(data, right);
  await vi.waitFor(() => expect(service.summary()?.openCount).toBe(0), patient);
  expect(found()).toHaveLength(1);
});

function putQuietly(file: string, bytes: Buffer): void {
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
  chmodSync(file, 0o444);
  lutimesSync(file, 1, 1);
}

test("the toplevel is watched: a change in it is found long before the next walk", async () => {
  const service = store.start({ walkMs: 3600_000 });
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).toEqual(expect.any(String)), patient);
  putQuietly(store.at(store.paths.system, "etc/motd"), Buffer.from("hallo\n"));
  await vi.waitFor(() => expect(found()).toHaveLength(1), patient);
  expect(found()[0]).toMatchObject({ path: store.paths.system, kind: "store-content" });
});

test("a path that is a link to elsewhere is what it is: another path", async () => {
  const { app } = store.paths;
  renameSync(store.at(app), `${store.at(app)}-moved`);
  symlinkSync(`${store.at(app)}-moved`, store.at(app));
  store.start();
  await vi.waitFor(() => expect(found()).toHaveLength(1), patient);
  expect(found()[0]).toMatchObject({ path: app, kind: "store-content" });
});

test("without a cache it stays open, is told once, and waits before the next try", async () => {
  rmSync(store.at(store.paths.link));
  const service = store.start({ mode: "revert" });
  await vi.waitFor(() => expect(told("drift-unreverted")).toHaveLength(1), patient);
  const walked = service.summary()?.store.lastWalkAt ?? null;
  await vi.waitFor(() => expect(service.summary()?.store.lastWalkAt).not.toBe(walked), patient);
  expect(told("drift-unreverted")).toHaveLength(1);
  expect(told("drift-unreverted")[0]?.data).toMatchObject({
    item: { path: store.paths.link, kind: "store-missing" },
    code: "repair-unavailable",
  });
  expect(service.summary()?.openCount).toBe(1);
});

test("while it is held, or switching, nothing is put back", async () => {
  rmSync(store.at(store.paths.link));
  let isSwitching = true;
  store.start({ mode: "revert", isHeld: () => true, isSwitching: () => isSwitching });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(store.events).toEqual([]);
  isSwitching = false;
  await vi.waitFor(() => expect(found()).toHaveLength(1), patient);
  expect(told("drift-unreverted")).toEqual([]);
});

test("a state file that cannot be read begins a new round and says so; a newer agent's is left alone", async () => {
  const file = join(store.stateDir, "store-scrub.json");
  writeFileSync(file, "{ half");
  const first = store.start({ roundMs: 1000 });
  await vi.waitFor(() => expect(told("alarm")).toHaveLength(1), patient);
  expect(told("alarm")[0]?.data).toMatchObject({ code: "file-unreadable" });
  await vi.waitFor(() => expect(first.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  await first.stop();
  const newer = JSON.stringify({ v: 2, other: true });
  writeFileSync(file, newer);
  const second = store.start({ roundMs: 1000 });
  await vi.waitFor(() => expect(second.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  await second.stop();
  expect(readFileSync(file, "utf8")).toBe(newer);
});

test("a restart reads nothing again that was read in this round", async () => {
  const first = store.start({ roundMs: 1000 });
  await vi.waitFor(() => expect(first.summary()?.store.lastRoundAt).toEqual(expect.any(String)), patient);
  await first.stop();
  const before = readFileSync(join(store.stateDir, "store-scrub.json"), "utf8");
  const second = store.start({ roundMs: 24 * 3600_000 });
  await vi.waitFor(() => expect(second.summary()?.store.lastWalkAt).toEqual(expect.any(String)), patient);
  await second.stop();
  expect(readFileSync(join(store.stateDir, "store-scrub.json"), "utf8")).toBe(before);
});

test("without the signed list nothing is compared, and that is an alarm", async () => {
  rmSync(join(store.stateDir, "closures"), { recursive: true });
  const service = store.start();
  await vi.waitFor(() => expect(told("alarm")).toHaveLength(1), patient);
  expect(told("alarm")[0]?.data).toMatchObject({ code: "closure-list-missing" });
  expect(service.summary()).toBeNull();
});
