import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createCommandCheck } from "./check-command.ts";
import { runProgram } from "./run-program.ts";

let folder: string;
let abort: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-program-"));
  abort = new AbortController();
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (script: string) =>
  runProgram(["/bin/sh", "-c", script], { signal: abort.signal, env: { FOLDER: folder } });

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 8_000, interval: 10 });

/** The id that a script wrote, as soon as it has. */
async function pidIn(name: string): Promise<number> {
  const file = join(folder, name);
  await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));
  return Number(readFileSync(file, "utf8"));
}

/** Neither running nor a zombie that somebody could still wait for. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

test("a program that ignores SIGTERM, and its children, end with the signal", async () => {
  const running = shell(
    `trap '' TERM; (trap '' TERM; sleep 300) & echo $! >$FOLDER/child; echo $$ >$FOLDER/own; wait`,
  );
  const pids = [await pidIn("child"), await pidIn("own")];
  expect(pids.map(isGone)).toEqual([false, false]);
  abort.abort();
  expect(await running).toMatchObject({ kind: "ended", exitCode: null, signal: "SIGKILL" });
  await until(() => pids.every(isGone));
});

test("a child that keeps the pipes open does not keep the run, and is killed with it", async () => {
  const end = await shell("sleep 300 & echo $! >$FOLDER/child; echo left one behind >&2; exit 3");
  expect(end).toEqual({ kind: "ended", exitCode: 3, signal: null, lastLine: "left one behind" });
  const child = await pidIn("child");
  await until(() => isGone(child));
});

test("a daemon that left the group and keeps the pipes does not keep the run", async () => {
  const daemonize = "setsid sh -c 'echo $$ >$FOLDER/daemon; exec sleep 300' &";
  const end = await shell(`${daemonize} until [ -s $FOLDER/daemon ]; do :; done; exit 0`);
  expect(end).toMatchObject({ kind: "ended", exitCode: 0 });
  const daemon = await pidIn("daemon");
  process.kill(daemon, "SIGKILL");
});

test("hundreds of megabytes are not kept, whichever way they come", async () => {
  const before = process.memoryUsage().rss;
  const much = "head -c 100000000 /dev/zero | tr '\\0' x";
  const end = await shell(`${much}; ${much} >&2; echo >&2; echo the end >&2; exit 1`);
  expect(end).toMatchObject({ exitCode: 1, lastLine: "the end" });
  const endless = await shell(`${much} >&2`);
  expect(endless.kind === "ended" ? endless.lastLine : "").toMatch(/^x{4096}$/);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
});

test("what it says is one clean line, in a plain environment, with nothing to read", async () => {
  const end = await shell(
    `cat; printf '\\033[31mred\\033[0m line\\r\\n\\n  \\n' >&2; env | sort | cut -d= -f1 >$FOLDER/env`,
  );
  expect(end).toMatchObject({ exitCode: 0, lastLine: "red line" });
  expect(readFileSync(join(folder, "env"), "utf8").split("\n")).toEqual(
    expect.arrayContaining(["FOLDER", "HOME", "LANG", "PATH"]),
  );
  expect(readFileSync(join(folder, "env"), "utf8")).not.toContain("VITEST");
});

test("what cannot be started is no exception", async () => {
  const plain = join(folder, "plain");
  writeFileSync(plain, "");
  const huge = Array.from({ length: 64 }, () => "x".repeat(131_000));
  for (const argv of [
    ["/nowhere/at-all"],
    [folder],
    [plain],
    ["/bin/true", "a\0b"],
    [],
    ["/bin/true", ...huge],
  ]) {
    expect(await runProgram(argv, { signal: abort.signal })).toMatchObject({ kind: "not-started" });
  }
  abort.abort();
  expect(await shell("echo >$FOLDER/ran")).toMatchObject({ kind: "not-started" });
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

for (const [script, outcome] of [
  ["exit 0", { kind: "passed", message: "ended with 0" }],
  ["echo why >&2; exit 7", { kind: "failed", message: "ended with 7: why" }],
  ["exit 7", { kind: "failed", message: "ended with 7" }],
  ["kill -SEGV $$", { kind: "failed", message: "ended with SIGSEGV" }],
] as const) {
  test(`a check whose program does "${script}" has ${outcome.kind}`, async () => {
    expect(await createCommandCheck(["/bin/sh", "-c", script])(abort.signal)).toEqual(outcome);
  });
}
