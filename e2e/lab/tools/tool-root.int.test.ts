import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMountInfo } from "../kernel/mount-info.ts";
import { prepare } from "../prepare/prepare.ts";
import { readProc } from "../kernel/process-identity.ts";
import { silent } from "../report.ts";
import { toolCommand } from "./tool-command.ts";
import { toolRoot } from "./tool-root.ts";
import type { ToolRoot } from "./tool-root.ts";
import { waitUntil } from "../wait-until.ts";

let folder: string;
let tools: ToolRoot;

beforeAll(async () => {
  await prepare(silent);
  folder = await mkdtemp(join(tmpdir(), "chimera-tool-root-"));
  await mkdir(join(folder, "nix"));
  tools = toolRoot({ nixDir: join(folder, "nix") });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const hello = `derivation {
  name = "hello"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo hello > $out" ];
}`;

test("real Nix builds into a /nix of ours; this machine's mounts, /nix and home folder stay as they are", async () => {
  const before = await look();
  const argv = ["nix", "build", "--impure", "--no-link", "--print-out-paths", "--expr", hello];
  const path = (await tools.runChecked(argv)).trim();
  expect(path).toMatch(/^\/nix\/store\/[0-9a-z]{32}-hello$/);
  expect(existsSync(join(folder, path))).toBe(true);
  expect(await tools.runChecked(["cat", path])).toBe("hello");
  expect(await look()).toEqual(before);
});

test("the caller's folder, other folders and binds are seen inside", async () => {
  await writeFile(join(folder, "note"), "seen");
  expect(await tools.runChecked(["cat", "note"], { cwd: folder })).toBe("seen");
  expect(await tools.runChecked(["pwd"])).toBe(process.cwd());
  const binds = [{ from: join(folder, "note"), to: "/given" }];
  expect(await tools.runChecked(["cat", "/given"], { binds })).toBe("seen");
});

test("this machine's /usr and /etc cannot be changed from inside", async () => {
  for (const path of ["/usr/written-by-test", "/etc/written-by-test"]) {
    expect((await tools.run(["touch", path])).stderr).toContain("Read-only file system");
    expect(existsSync(path)).toBe(false);
  }
});

test("a failure carries the exit code and what was said", async () => {
  const argv = ["sh", "-c", "echo because >&2; exit 9"];
  expect(await tools.run(argv)).toEqual({ code: 9, stdout: "", stderr: "because" });
  await expect(tools.runChecked(argv)).rejects.toThrow(/exit 9: because/);
});

test("when the caller is killed, what it started inside ends", async () => {
  const module = JSON.stringify(join(import.meta.dirname, "tool-root.ts"));
  const script = `import { toolRoot } from ${module};
    await toolRoot().run(["sh", "-c", "echo $$; sleep 2345 & sleep 2346"]);`;
  const caller = execa(process.execPath, ["--input-type=module", "--eval", script], { reject: false });
  await waitUntil("two sleepers", async () => (await sleepers()).length === 2, { timeoutMs: 10_000 });
  caller.kill("SIGKILL");
  await caller;
  await waitUntil("no sleeper", async () => (await sleepers()).length === 0, { timeoutMs: 10_000 });
  expect(await sleepers()).toEqual([]);
});

test("every tool has a command that runs", async () => {
  const versions = {
    nix: ["--version"],
    "nix-store": ["--version"],
    tmux: ["-V"],
    "nats-server": ["--version"],
  } as const;
  for (const tool of ["nix", "nix-store", "tmux", "nats-server"] as const) {
    const [file = "", ...args] = toolCommand(tool, { nixDir: join(folder, "nix") });
    expect((await execa(file, [...args, ...versions[tool]])).stdout).toMatch(/\d+\.\d+/);
  }
  expect(readProc("/proc/self/mounts")).not.toContain("chimera-tool-root");
});

async function look(): Promise<unknown> {
  return [await readMountInfo(), existsSync("/nix"), existsSync(join(homedir(), ".local/state/nix"))];
}

async function sleepers(): Promise<string[]> {
  const found = await execa("pgrep", ["-f", "^sleep 234[56]"], { reject: false });
  return found.stdout.split("\n").filter(Boolean);
}
