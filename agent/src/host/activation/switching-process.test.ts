/** Real processes, named as a person's switch would be, and as somebody would who wants to be taken for one. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSwitchingSight, findSwitching, programOf } from "./switching-process.ts";

const name = `${"a".repeat(32)}-nixos-system-n1`;
const stc = `/nix/store/${name}/bin/switch-to-configuration`;
const ng = `${"b".repeat(32)}-switch-to-configuration-ng-0.1.0`;
const nobody = { uid: 65_534, gid: 65_534 };
let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-switching-"));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "store", name), { recursive: true });
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const find = () =>
  findSwitching({ lockFile: join(folder, "lock"), proc: "/proc", store: `${folder}/store/` });

async function start(file: string, args: readonly string[], options: SpawnOptions = {}): Promise<number> {
  const child = spawn(file, args, { stdio: "ignore", ...options });
  children.push(child);
  await new Promise((resolve, reject) => child.once("spawn", () => resolve(null)).once("error", reject));
  return child.pid ?? 0;
}

/** The program of nixpkgs, as it runs: its wrapper names it after the system's script. */
function storeSwitch(): string {
  const file = join(folder, "store", ng, "bin/switch-to-configuration");
  mkdirSync(join(folder, "store", ng, "bin"), { recursive: true });
  copyFileSync("/bin/sleep", file);
  return file;
}

/** Waits for a file, so that the interpreter has it as its script for as long as the test needs. */
function script(...path: string[]): string {
  const file = join(folder, ...path);
  writeFileSync(file, "#!/bin/sh\nsleep 60\ntrue\n", { mode: 0o755 });
  return file;
}

test("nobody switches", () => expect(find()).toBeNull());

test("a switch-to-configuration is found, by its own name and behind an interpreter", async () => {
  const pid = await start(storeSwitch(), ["60"], { argv0: stc });
  await vi.waitFor(() => expect(find()).toBe(`switch-to-configuration runs (process ${pid})`));
  children.pop()?.kill("SIGKILL");
  await vi.waitFor(() => expect(find()).toBeNull());
  mkdirSync(join(folder, "store", name, "bin"));
  await start("/bin/sh", ["-e", script("store", name, "bin", "switch-to-configuration")]);
  await vi.waitFor(() => expect(find()).toMatch(/^switch-to-configuration runs/u));
});

test("an activate is found, by whatever path it was started", async () => {
  script("store", name, "activate");
  symlinkSync(join(folder, "store", name), join(folder, "result"));
  await start("./result/activate", [], { cwd: folder });
  await vi.waitFor(() => expect(find()).toMatch(/^activate runs/u));
});

test("a process that only calls itself so is none", async () => {
  const activate = script("store", name, "activate");
  await start("sleep", ["60"], { argv0: stc });
  await start("sleep", ["60"], { argv0: storeSwitch() });
  await start("sleep", ["60"], { argv0: activate });
  // The name of an interpreter, and the script's behind it, are its caller's choice too.
  await start("tail", ["-f", activate], { argv0: "bash" });
  await start("bash", [script("switch-to-configuration")]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(find()).toBeNull();
});

test("another program of that name is none, nor is who only looks at one", async () => {
  mkdirSync(join(folder, "venv"));
  mkdirSync(join(folder, "store", name, "bin"));
  await start(script("venv", "activate"), []);
  await start(script("store", name, "bin", "activate"), []);
  const file = script("store", name, "activate");
  await start("tail", ["-f", file]);
  await start("tail", ["-f", "-n", "1", "--", join(folder, "store", name, "activate")]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(find()).toBeNull();
});

test.runIf(process.getuid?.() === 0)("whoever is not root cannot hold anything up by a name", async () => {
  await start(storeSwitch(), ["60"], { argv0: stc, ...nobody });
  // A setuid program runs as root, and its name is its caller's choice.
  const setuid = join(folder, "store", ng, "bin/switch-to-configuration-ng");
  copyFileSync("/bin/sleep", setuid);
  chmodSync(setuid, 0o4755);
  await start(setuid, ["60"], { argv0: stc, ...nobody });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(find()).toBeNull();
});

test.runIf(process.getuid?.() === 0)(
  "what switches in a container is no business of this machine",
  async () => {
    await start("unshare", [
      "--fork",
      "--pid",
      "--kill-child",
      "bash",
      "-c",
      `exec -a ${stc} ${storeSwitch()} 60`,
    ]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(find()).toBeNull();
  },
);

test("a lock that is held is enough", async () => {
  await start("flock", [join(folder, "lock"), "sleep", "60"]);
  await vi.waitFor(() => expect(find()).toBe("the switch's lock is held"));
});

test.each<[string, string[], string | null]>([
  ["a program", ["/x/bin/switch-to-configuration", "switch"], "/x/bin/switch-to-configuration"],
  ["a script with options before it", ["/bin/perl", "-w", "/x/stc", "test"], "/x/stc"],
  ["a login shell", ["-bash"], null],
  ["a kernel thread", [""], null],
  ["nothing", [], null],
])("the program of %s", (_, argv, program) => expect(programOf(argv)).toBe(program));

test("of many who ask at once one looks", () => {
  let looks = 0;
  const isSwitching = createSwitchingSight(() => {
    looks += 1;
    return "activate runs (process 7)";
  });
  expect([isSwitching(), isSwitching(), isSwitching()]).toEqual([true, true, true]);
  expect(looks).toBe(1);
});
