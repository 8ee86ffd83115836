/** The agent's health check of Nix against the real one: a store of its own, with and without a daemon. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { StorePath } from "@chimera/proto/names";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createNixCheck } from "../../agent/src/host/checks/check-nix.ts";
import { toolRoot } from "../../e2e/lab/tools/tool-root.ts";

let root: string;
let nixStore: string[];
let toplevel: StorePath;
let uptime: number;
let abort: AbortController;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "chimera-nix-"));
  // So small that it can be filled.
  await execa("mount", ["-t", "tmpfs", "-o", "size=32m", "chimera-nix", root]);
  mkdirSync(join(root, "nix"));
  nixStore = nixArgv("nix-store");
  const system = join(root, "nixos-system-n1");
  mkdirSync(join(system, "bin"), { recursive: true });
  writeFileSync(join(system, "bin/switch-to-configuration"), "");
  toplevel = StorePath.parse((await run([...nixStore, "--add", system])).stdout.trim());
  for (const link of ["gcroots/chimera/wanted", "gcroots/chimera/previous", "profiles/system"]) {
    const path = join(root, "nix/var/nix", link);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(toplevel, path);
  }
  uptime = 0;
  abort = new AbortController();
});
afterEach(async () => {
  await execa("umount", ["--lazy", root]);
  rmSync(root, { recursive: true });
});

function nixArgv(tool: string): string[] {
  return toolRoot({ nixDir: join(root, "nix") }).argv([tool]);
}

function run([file = "", ...args]: readonly string[]) {
  return execa(file, args);
}

/** As a new activation has it. */
function createCheck(running = toplevel) {
  const check = createNixCheck({
    toplevel: () => running,
    uptimeMs: () => uptime,
    places: { root, nixStore },
  });
  return () => check(abort.signal);
}

const written = () => readdirSync(join(root, "nix/store")).filter((name) => name.endsWith("-chimera-check"));
const database = () => join(root, "nix/var/nix/db/db.sqlite");
const healthy = { kind: "passed", message: "Nix answers, roots and boot default exist" };

test("a store that works takes a path once; the next runs start no process, until hours later", async () => {
  const check = createCheck();
  expect(await check()).toEqual(healthy);
  expect(written()).toHaveLength(1);
  nixStore.splice(0, nixStore.length, "/nowhere/nix-store");
  expect(await check()).toEqual(healthy);
  uptime += 6 * 3600_000;
  expect(await check()).toMatchObject({ kind: "failed", message: expect.stringContaining("ENOENT") });
});

test("a path that the database does not know has failed, though it is there", async () => {
  const other = StorePath.parse(`/nix/store/${"a".repeat(32)}-copied-by-hand`);
  mkdirSync(join(root, other));
  const { kind, message } = await createCheck(other)();
  expect(kind).toBe("failed");
  expect(message).toMatch(/^nix-store --check-validity ended with 1: .*not valid/);
});

test("a damaged database has failed, and is healthy again when it is mended", async () => {
  const check = createCheck();
  await copyFile(database(), `${database()}.good`);
  await writeFile(database(), `SQLite format 3\0${"x".repeat(100_000)}`);
  expect(await check()).toMatchObject({ kind: "failed", message: expect.stringContaining("nix-store") });
  await copyFile(`${database()}.good`, database());
  expect(await check()).toEqual(healthy);
});

test("a full store has failed, and is healthy again when there is space", async () => {
  const check = createCheck();
  await execa("dd", ["if=/dev/zero", `of=${root}/filler`, "bs=64k"], { reject: false });
  const { kind, message } = await check();
  expect(kind).toBe("failed");
  expect(message).toMatch(/No space left|disk is full/);
  rmSync(join(root, "filler"));
  expect(await check()).toEqual(healthy);
});

const socket = () => join(root, "nix/var/nix/daemon-socket/socket");

function startDaemon() {
  const [file = "", ...args] = nixArgv("nix-daemon");
  return execa(file, args, { reject: false, stdio: "ignore", env: { NIX_CONFIG: "build-users-group =" } });
}

describe("with a daemon", () => {
  let daemon: ReturnType<typeof startDaemon>;
  beforeEach(async () => {
    daemon = startDaemon();
    await vi.waitUntil(() => existsSync(socket()), { timeout: 10_000 });
  });
  afterEach(async () => {
    daemon.kill("SIGKILL");
    await daemon;
  });

  test("it is the daemon that is asked, and that writes", async () => {
    const noted = join(root, "remotes");
    nixStore.unshift("sh", "-c", `echo "$NIX_REMOTE" >>${noted}; exec "$@"`, "sh");
    const check = createCheck();
    expect(await check()).toEqual(healthy);
    expect(written()).toHaveLength(1);
    expect(readFileSync(noted, "utf8")).toBe("daemon\ndaemon\n");
    expect(await check()).toEqual(healthy);
    daemon.kill("SIGKILL");
    await daemon;
    // Nix's tool would still work: root may go past the daemon.
    const { kind, message } = await check();
    expect(kind).toBe("failed");
    expect(message).toContain("Nix's daemon does not answer");
  });

  test("a daemon that stands still is waited for until the signal", async () => {
    const check = createCheck();
    daemon.kill("SIGSTOP");
    const running = check();
    abort.abort();
    expect((await running).kind).toBe("failed");
  });

  test("a daemon whose database is damaged does not answer well", async () => {
    const check = createCheck();
    await copyFile(database(), `${database()}.good`);
    await writeFile(database(), `SQLite format 3\0${"x".repeat(100_000)}`);
    expect((await check()).kind).toBe("failed");
    await copyFile(`${database()}.good`, database());
    expect(await check()).toEqual(healthy);
  });
});
