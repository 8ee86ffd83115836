/** A repair's own process with real Nix: what takes a damaged path's place, and what keeps it from it; and looks beside an optimiser. */
import { spawn } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StorePath } from "@chimera/proto/names";
import { closureDigest } from "@chimera/proto/signed/closure";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { isFlocked } from "../../agent/src/host/activation/switch-lock.ts";
import { hashSteps } from "../../agent/src/host/store-drift/hash-nar.ts";
import {
  RepairResult,
  resultFile,
  taskFile,
  type RepairTask,
} from "../../agent/src/host/store-drift/repair/repair-task.ts";
import { toEnd } from "../../agent/src/host/store-drift/steps.ts";
import { walkSteps } from "../../agent/src/host/store-drift/walk-path.ts";
import { createSightings } from "../../agent/src/reconcile/store-drift/second-look.ts";
import { judgeWalk } from "../../agent/src/reconcile/store-drift/judge-path.ts";
import { prepare } from "../../e2e/lab/prepare/prepare.ts";
import { silent } from "../../e2e/lab/report.ts";
import { toolRoot, type ToolRoot } from "../../e2e/lab/tools/tool-root.ts";

const repository = join(import.meta.dirname, "../..");
const uid = process.geteuid?.() ?? 0;
let folder: string;
let tools: ToolRoot;
let switchLock: string;
let gcLock: string;

beforeAll(() => prepare(silent));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-repair-"));
  mkdirSync(join(folder, "nix"));
  mkdirSync(join(folder, "task/nar"), { recursive: true });
  tools = toolRoot({ nixDir: join(folder, "nix") });
  [switchLock, gcLock] = [join(folder, "switch.lock"), join(folder, "nix/var/nix/gc.lock")];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As Nix leaves it, with its NAR beside the task. */
async function add(script: string): Promise<{ path: StorePath; sha256: string; narSize: number }> {
  const program = `set -eu; rm -rf made; mkdir made; cd made; ${script}; cd ..; nix-store --add made`;
  const path = StorePath.parse((await tools.runChecked(["sh", "-c", program], { cwd: folder })).trim());
  await tools.runChecked(["sh", "-c", 'nix-store --dump "$1" > task/nar/path.nar', "-", path], {
    cwd: folder,
  });
  const hashed = toEnd(hashSteps(join(folder, path), { narSize: 1e9 }));
  if (hashed.kind !== "hashed") throw new Error(hashed.errno);
  return { path, sha256: hashed.sha256, narSize: hashed.size };
}

async function repair(task: Pick<RepairTask, "path" | "route" | "narSize"> & { narSha256: string }) {
  const whole = { v: 1, uid, gid: 0, root: "", beside: ".chimera-repair-0123456789ab", switchLock, gcLock };
  writeFileSync(join(folder, "task", taskFile), JSON.stringify({ ...whole, ...task }));
  const argv = [
    process.execPath,
    join(repository, "agent/src/main.ts"),
    "store-repair",
    "--dir",
    join(folder, "task"),
  ];
  await tools.runChecked(argv, { cwd: folder, binds: [{ from: repository, to: repository }] });
  return RepairResult.parse(JSON.parse(readFileSync(join(folder, "task", resultFile), "utf8")));
}

const damaged = (path: string) => join(folder, path, "data");
const spoil = (path: string) =>
  tools.runChecked([
    "sh",
    "-c",
    'chmod u+w "$1" "$1/data"; echo wrong > "$1/data"; mkfifo "$1/pipe"',
    "-",
    path,
  ]);
const names = () => readdirSync(join(folder, "nix/store")).filter((name) => name !== ".links");

test("wrong bytes, a pipe among them, are exchanged for the signed ones; Nix finds the path as it registered it", async () => {
  const { path, sha256, narSize } = await add(
    "echo right > data; mkdir bin; echo x > bin/p; chmod 755 bin/p; ln -s data l",
  );
  const before = lstatSync(join(folder, path)).ino;
  await spoil(path);
  expect((await tools.run(["nix-store", "--verify-path", path])).code).not.toBe(0);
  expect(await repair({ path, narSize, narSha256: sha256, route: "swap" })).toEqual({
    kind: "done",
    notes: [],
  });
  expect((await tools.run(["nix-store", "--verify-path", path])).code).toBe(0);
  const walked = toEnd(walkSteps(join(folder, path), { narSize, uid }));
  expect(walked).toMatchObject({ kind: "seen", narSize, metadata: null, foreign: null });
  expect(lstatSync(join(folder, path)).ino).not.toBe(before);
  expect(names()).toEqual([path.slice("/nix/store/".length)]);
});

test("bytes that are not the signed ones take nobody's place", async () => {
  const { path, narSize } = await add("echo right > data");
  await spoil(path);
  const result = await repair({ path, narSize, narSha256: "ab".repeat(32), route: "swap" });
  expect(result).toEqual({ kind: "unsuited", why: "what was unpacked is not what was signed" });
  writeFileSync(join(folder, "task/nar/path.nar"), "no such archive");
  expect(await repair({ path, narSize, narSha256: "ab".repeat(32), route: "swap" })).toMatchObject({
    kind: "unsuited",
    why: expect.stringContaining("nix-store --restore"),
  });
  expect(readFileSync(damaged(path), "utf8")).toBe("wrong\n");
  expect(names()).toHaveLength(1);
});

test("a store that was optimised does not bring the wrong bytes back", async () => {
  const { path, sha256, narSize } = await add("echo right-and-long-enough > data; cp data twin");
  await tools.runChecked(["nix-store", "--optimise"]);
  expect(lstatSync(damaged(path)).nlink).toBe(3);
  // In place, so that the link of the store's own is damaged with it, at the same size.
  await tools.runChecked([
    "sh",
    "-c",
    'printf "%s" WRONG-and-long-enough | dd of="$1/data" conv=notrunc status=none',
    "-",
    path,
  ]);
  expect(await repair({ path, narSize, narSha256: sha256, route: "swap" })).toMatchObject({
    kind: "done",
    notes: ["1 damaged files were taken out of the store's .links"],
  });
  await tools.runChecked(["nix-store", "--optimise"]);
  expect((await tools.run(["nix-store", "--verify-path", path])).code).toBe(0);
});

test.each(["swap", "mend"] as const)(
  "%s: not while a switch runs, nor a garbage collection, nor Nix on this path",
  async (route) => {
    const { path, sha256, narSize } = await add("echo right > data");
    await spoil(path);
    const order = { path, narSize, narSha256: sha256, route };
    const locks = {
      "a switch runs": switchLock,
      "a garbage collection runs": gcLock,
      "Nix works on this path": join(folder, `${path}.lock`),
    };
    for (const [what, lock] of Object.entries(locks)) {
      const holder = spawn("flock", ["--exclusive", lock, "cat"], { stdio: ["pipe", "ignore", "ignore"] });
      await vi.waitFor(() => expect(isFlocked(lock)).toBe(true), { timeout: 5_000 });
      if (route === "mend" && what.startsWith("Nix")) {
        holder.kill();
        continue;
      }
      expect(await repair(order)).toEqual({ kind: "busy", what });
      holder.kill();
      await vi.waitFor(() => expect(isFlocked(lock)).toBe(false), { timeout: 5_000 });
    }
    expect(readFileSync(damaged(path), "utf8")).toBe("wrong\n");
    rmSync(join(folder, `${path}.lock`), { force: true });
    expect(await repair(order)).toMatchObject({ kind: "done" });
  },
);

test("Nix's own reader and its own database are asked before anything is put in a path's place", async () => {
  const { path, sha256 } = await add("echo right > data");
  const facts = join(repository, "agent/src/host/store-drift/repair/nix-facts.ts");
  const ask = async (one: string) => {
    const program = `
      import { canSwap, readsRight } from ${JSON.stringify(facts)};
      const expected = { path: ${JSON.stringify(one)}, narSha256: ${JSON.stringify(sha256)}, narSize: 0 };
      process.stdout.write(JSON.stringify([await readsRight(expected), await canSwap(expected)]));`;
    const argv = [process.execPath, "--input-type=module-typescript", "-e", program];
    const options = { cwd: folder, binds: [{ from: repository, to: repository }] };
    return JSON.parse(await tools.runChecked(argv, options));
  };
  expect(await ask(path)).toEqual([true, true]);
  await spoil(path);
  expect(await ask(path)).toEqual([false, true]);
  expect(await ask(`/nix/store/${"a".repeat(32)}-none`)).toEqual([false, false]);
  await tools.runChecked([
    "sh",
    "-c",
    'cp -r "$1" "$2"',
    "-",
    path,
    `/nix/store/${"b".repeat(32)}-unregistered`,
  ]);
  expect(await ask(`/nix/store/${"b".repeat(32)}-unregistered`)).toEqual([false, false]);
});

test("what a repair that was cut off left in the store is gone after the next one", async () => {
  const { path, sha256, narSize } = await add("echo right > data");
  await spoil(path);
  for (const name of [".chimera-repair-ba9876543210", ".chimera-repair-ba9876543210-old"])
    mkdirSync(join(folder, "nix/store", name, "deep"), { recursive: true });
  mkdirSync(join(folder, "nix/store/.chimera-repair-of-somebody"));
  await repair({ path, narSize, narSha256: sha256, route: "swap" });
  expect(names().toSorted()).toEqual([".chimera-repair-of-somebody", path.slice("/nix/store/".length)]);
});

test(
  "beside nix-store --optimise looks see what passes, and none of it counts",
  { timeout: 240_000 },
  async () => {
    const files = 'for d in $(seq 40); do mkdir d$d; for f in $(seq 60); do echo "$f" > d$d/$f; done; done';
    const { path, sha256, narSize } = await add(files);
    const expected = { path, narSize, narSha256: closureDigest([]) };
    const sightings = createSightings();
    const optimising = tools.runChecked(["nix-store", "--optimise"]);
    let [isOver, wrong, counted] = [false, 0, 0];
    void optimising.finally(() => (isOver = true));
    while (!isOver) {
      const facts = toEnd(walkSteps(join(folder, path), { narSize, uid }));
      const verdict = judgeWalk(expected, facts, facts.kind === "seen" ? facts.stamp : null);
      if (verdict.kind === "clean") sightings.forget(path);
      if (verdict.kind === "drifted") {
        wrong += 1;
        if (sightings.sight(verdict.item, performance.now())) counted += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await optimising;
    // That it sees any is why a second look is needed.
    expect(wrong).toBeGreaterThan(0);
    expect(counted).toBe(0);
    const hashed = toEnd(hashSteps(join(folder, path), { narSize }));
    expect(hashed).toMatchObject({ kind: "hashed", sha256 });
    expect(toEnd(walkSteps(join(folder, path), { narSize, uid }))).toMatchObject({ metadata: null });
  },
);
