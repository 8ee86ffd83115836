/** A watch that is lost: really exhausted limits in a user namespace of its own, a real overflow, a replaced /etc. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { activate, useEtcFixture } from "./etc-fixture.ts";
import { snapshotEtc } from "./etc-snapshot.ts";
import { runInNamespace, type Limit } from "./watching/in-namespace.ts";

/** Watches a folder with three directories. */
const script = `
  const { createEtcWatcher } = await import(${JSON.stringify(join(import.meta.dirname, "watching/etc-watcher.ts"))});
  const watcher = createEtcWatcher({
    etcDir: folder,
    isManaged: () => true,
    isDirectory: () => true,
    directories: () => [],
    onHint: (path) => say({ hint: path }),
    onEvent: (event) => say({ code: event.data.code, message: event.data.message, watching: watcher.isWatching() }),
    onLoss: () => say({ loss: watcher.isWatching() }),
    meter: { count() {}, onOverflow: () => () => {} },
    log,
  });
  await watcher.renew({ tree: "one", directory: "one" });
  say({ first: watcher.isWatching() });
  const stop = () => watcher.close();
`;

function watchIn(limit: Limit) {
  const folder = mkdtempSync(join(tmpdir(), "chimera-watch-"));
  for (const name of ["a", "b", "c"]) mkdirSync(join(folder, name));
  const running = runInNamespace(script, folder, limit);
  const end = async () => {
    await running.end();
    rmSync(folder, { recursive: true });
  };
  return { ...running, folder, end };
}

describe.each([
  { what: "watches", name: "max_inotify_watches", value: "2", words: "max_user_watches" },
  { what: "instances", name: "max_inotify_instances", value: "0", words: "max_user_instances" },
])("without inotify $what", ({ name, value, words }) => {
  test(
    "it is an alarm of its own, the sweep is called at once, and the watch comes back",
    { timeout: 20_000 },
    async () => {
      const watching = watchIn({ name, value });
      await vi.waitFor(() => expect(watching.said).toContainEqual({ first: false }), { timeout: 5000 });
      expect(watching.said).toContainEqual({
        code: "watch-exhausted",
        message: expect.stringContaining(words),
        watching: false,
      });
      expect(watching.said).toContainEqual({ loss: false });
      // Told once, tried again and again.
      await vi.waitFor(
        () =>
          expect(
            watching.said.filter((word) => JSON.stringify(word).includes("loss")).length,
          ).toBeGreaterThan(2),
        { timeout: 8000 },
      );
      expect(watching.said.filter((word) => JSON.stringify(word).includes("code"))).toHaveLength(1);
      watching.raise();
      await vi.waitFor(() => expect(watching.said).toContainEqual({ loss: true }), { timeout: 10_000 });
      writeFileSync(join(watching.folder, "c/file"), "");
      await vi.waitFor(() => expect(watching.said).toContainEqual({ hint: "c/file" }), { timeout: 2000 });
      await watching.end();
    },
  );
});

describe("of a running service", () => {
  const { fixture, pristine, at, types } = useEtcFixture();
  const alarms = (): string[] =>
    fixture().events.flatMap((event) => (event.type === "alarm" ? [event.data.code] : []));

  test(
    "an overflow is an alarm, and what was lost in it is put back without waiting for the next sweep",
    { timeout: 30_000 },
    async () => {
      const limit = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
      const drift = fixture().start();
      await drift.sweepNow();
      expect(drift.summary().watching).toBe(true);
      // In one go, so that nobody reads the queue: the last change is dropped without a word.
      for (let index = 0; index <= limit; index += 1) writeFileSync(at(`foreign-${index}`), "");
      writeFileSync(at("sudoers"), "evil ALL=(ALL) ALL\n");
      await vi.waitFor(() => expect(readFileSync(at("sudoers"), "utf8")).toContain("root"), {
        timeout: 20_000,
      });
      expect(alarms()).toEqual(["watch-overflow"]);
      // The watch made afterwards hears.
      await drift.sweepNow();
      chmodSync(at("sudoers"), 0o666);
      await vi.waitFor(() => expect(types().filter((type) => type === "drift-reverted")).toHaveLength(2));
    },
  );

  test("many changes that the queue holds are no alarm", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    for (let index = 0; index < 1000; index += 1) writeFileSync(at(`foreign-${index}`), "");
    writeFileSync(at("sudoers"), "evil ALL=(ALL) ALL\n");
    await vi.waitFor(() => expect(readFileSync(at("sudoers"), "utf8")).toContain("root"), { timeout: 5000 });
    expect(alarms()).toEqual([]);
  });

  test(
    "another directory in the place of /etc is an alarm, is put right, and is watched",
    { timeout: 20_000 },
    async () => {
      const drift = fixture().start();
      await drift.sweepNow();
      renameSync(fixture().etc, join(fixture().root, "etc.old"));
      mkdirSync(fixture().etc);
      for (const name of ["passwd", "group", ".clean"])
        writeFileSync(at(name), readFileSync(join(fixture().root, "etc.old", name)));
      await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(pristine()), { timeout: 10_000 });
      await vi.waitFor(() => expect(alarms()).toEqual(["watch-replaced"]), { timeout: 5000 });
      await drift.sweepNow();
      unlinkSync(at("hostname"));
      await vi.waitFor(() => expect(snapshotEtc(fixture().etc)).toEqual(pristine()), { timeout: 5000 });
      expect(drift.summary().watching).toBe(true);
    },
  );

  test("a switch to another tree is no alarm", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    activate(fixture().toplevel, fixture().etc);
    await drift.sweepNow();
    expect(types()).toEqual([]);
  });
});

describe("in the overlay layout", () => {
  const { fixture } = useEtcFixture("overlay");

  test("an unmounted /etc is not watched, and says so", async () => {
    const drift = fixture().start();
    await drift.sweepNow();
    execFileSync("umount", ["--lazy", fixture().etc]);
    await vi.waitFor(() => expect(drift.summary()).toMatchObject({ watching: false, openCount: 1 }), {
      timeout: 5000,
    });
  });
});
