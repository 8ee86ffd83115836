/** The watches beyond /etc and of the store under really exhausted limits: told, looked after at once, and made again. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runInNamespace } from "./in-namespace.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-watches-"));
  for (const path of ["place/deep", "nix/store/a", "nix/store/b/deep"])
    mkdirSync(join(folder, path), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const moduleOf = (path: string): string => JSON.stringify(join(import.meta.dirname, "../..", path));
const count = (said: readonly unknown[], word: string): number =>
  said.filter((one) => JSON.stringify(one).includes(word)).length;
const none = { name: "max_inotify_watches", value: "1" };

const machine = `
  const { startMachineDrift } = await import(${moduleOf("machine-drift/machine-service.ts")});
  const source = {
    of: "kernel",
    watched: [{ path: folder + "/place", deep: true }],
    look: async () => (say("look"), { findings: [], managed: 1 }),
  };
  const mode = "report";
  const drift = startMachineDrift({
    sources: [source],
    toplevel: () => folder,
    modes: { kernel: mode },
    isHeld: () => false,
    isIgnored: () => false,
    isSwitching: () => false,
    onForeign() {},
    currentSystem: folder + "/none",
    switchLock: folder + "/lock",
    sweepMs: 3_600_000,
    onEvent: (event) => say(event),
    log,
  });
  const timer = setInterval(() => say({ watching: drift.summary().watching }), 100);
  const stop = async () => (clearInterval(timer), await drift.stop());
`;

test(
  "beyond /etc everything is looked at at once, and again when the watch is back",
  { timeout: 30_000 },
  async () => {
    const running = runInNamespace(machine, folder, none);
    const { said } = running;
    await vi.waitFor(() => expect(said).toContainEqual({ watching: false }), { timeout: 10_000 });
    const message = expect.stringMatching(
      /^changes beyond \/etc are only found by the sweep.*max_user_watches/u,
    );
    expect(said).toContainEqual({ type: "alarm", data: { code: "watch-exhausted", message } });
    // The first look, and the one that the loss calls: no sweep is due for an hour.
    await vi.waitFor(() => expect(count(said, "look")).toBeGreaterThan(1), { timeout: 3000 });
    running.raise();
    await vi.waitFor(() => expect(said.at(-1)).toEqual({ watching: true }), { timeout: 10_000 });
    const looks = count(said, "look");
    writeFileSync(join(folder, "place/deep/file"), "");
    await vi.waitFor(() => expect(count(said, "look")).toBeGreaterThan(looks), { timeout: 3000 });
    expect(count(said, "watch-exhausted")).toBe(1);
    await running.end();
  },
);

const store = `
  const { createStoreWatch } = await import(${moduleOf("store-drift/store-watch.ts")});
  const watch = createStoreWatch({
    root: folder,
    meter: { count() {}, onOverflow: () => () => {} },
    onHint: (path) => say({ hint: path }),
    onLoss: () => say({ loss: watch.isWatching() }),
    onEvent: (event) => say(event),
    log,
  });
  await watch.renew(["/nix/store/a", "/nix/store/b"]);
  const stop = () => watch.close();
`;

test(
  "of the store a walk is called once when it is lost and once when it is back",
  { timeout: 30_000 },
  async () => {
    const running = runInNamespace(store, folder, none);
    const { said } = running;
    await vi.waitFor(() => expect(said).toContainEqual({ loss: false }), { timeout: 10_000 });
    const message = expect.stringMatching(/^changes of the store are only found by the walk/u);
    expect(said).toContainEqual({ type: "alarm", data: { code: "watch-exhausted", message } });
    // Tried again after a second, two, four.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(count(said, "loss")).toBe(1);
    running.raise();
    await vi.waitFor(() => expect(said).toContainEqual({ loss: true }), { timeout: 10_000 });
    writeFileSync(join(folder, "nix/store/b/deep/file"), "");
    await vi.waitFor(() => expect(said).toContainEqual({ hint: "/nix/store/b" }), { timeout: 3000 });
    expect(count(said, "watch-exhausted")).toBe(1);
    await running.end();
  },
);
