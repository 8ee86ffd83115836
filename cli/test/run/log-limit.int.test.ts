/** `chimera run --log-limit`: what an endless run leaves on the disk, and that nobody takes what is gone for output. */
import { mkdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { findProgram } from "../../src/run-session/env/find-program.ts";
import { createRunStage, eventually, type RunStage } from "../fixture/run-stage.ts";

let stage: RunStage;
beforeEach(async () => {
  stage = await createRunStage();
});
afterEach(() => stage.end());

const mib = 1 << 20;
/** Lines of 16 bytes that say which they are. */
const lines = (count: number): string => `seq -f '%015.0f' 1 ${count}`;
const lineOf = (number: number): string => `${String(number).padStart(15, "0")}\n`;
const sizeOf = async (id: string): Promise<{ size: number; onDisk: number }> => {
  const { size, blocks } = await stat(join(stage.folder(id), "output.log"));
  return { size, onDisk: blocks * 512 };
};
const Rows = z.object({
  runs: z.array(z.object({ id: z.string(), logBytes: z.number(), droppedBytes: z.number() })),
});

test.each([
  ["-d", 64],
  ["-dt", 16],
])("of a run %s that writes %i MiB the newest 4 MiB stay, and that is told", async (how, written) => {
  const script = `stty -onlcr 2> /dev/null; ${lines((written * mib) / 16)}; sleep 1.2; echo last; exit 3`;
  await stage.call(["run", how, "--no-nix", "--log-limit", "4M", "--name", "long", "--", "sh", "-c", script]);
  await eventually(
    () => stage.run("long.1"),
    ({ state }) => state === "ended",
    60_000,
  );
  await eventually(
    () => sizeOf("long.1"),
    ({ onDisk }) => onDisk <= 6 * mib,
  );
  const { size } = await sizeOf("long.1");
  expect(size).toBe(written * mib + 5);
  const { out, err } = await stage.call(["logs", "long"]);
  const first = size - out.length;
  expect(first % mib).toBe(0);
  expect(out.length).toBeGreaterThanOrEqual(4 * mib);
  expect(out.length).toBeLessThan(5 * mib + 16);
  expect(out.slice(0, 16)).toBe(lineOf(first / 16 + 1));
  expect(out.slice(-37)).toBe(`${lineOf((written * mib) / 16 - 1)}${lineOf((written * mib) / 16)}last\n`);
  expect(err).toBe(
    `chimera: ${(first / mib).toFixed(1)} MiB of its output are gone here: the newest 4.0 MiB are kept (chimera run --log-limit)\n`,
  );
  expect((await stage.call(["logs", "-n", "1", "long"])).out).toBe("last\n");
  expect((await stage.call(["ps"])).out).toContain(
    `long.1: of ${written}.0 MiB that it wrote the oldest ${(first / mib).toFixed(1)} MiB are gone (--log-limit)`,
  );
  const { runs } = Rows.parse(JSON.parse((await stage.call(["ps", "--json"])).out));
  expect(runs).toEqual([expect.objectContaining({ id: "long.1", logBytes: size, droppedBytes: first })]);
  // The same again has the same limit.
  await stage.call(["restart", "long"]);
  await eventually(
    () => sizeOf("long.2"),
    ({ size: again, onDisk }) => again === size && onDisk <= 6 * mib,
    60_000,
  );
});

test("the disk stays while it runs, and whoever follows is told of each part that he misses", async () => {
  const script = `while ${lines(mib)}; do :; done`;
  await stage.call([
    "run",
    "-d",
    "--no-nix",
    "--log-limit",
    "2M",
    "--name",
    "endless",
    "--",
    "sh",
    "-c",
    script,
  ]);
  await eventually(
    () => sizeOf("endless.1"),
    ({ size }) => size > 200 * mib,
    60_000,
  );
  // What it writes between two looks comes on top.
  const following = stage.start(["logs", "-f", "endless"]);
  let [zeros, heard, told] = [0, 0, ""];
  following.stdout?.on("data", (bytes: Buffer) => {
    heard += bytes.length;
    if (bytes.includes(0)) zeros += 1;
  });
  following.stderr?.on("data", (bytes: Buffer) => (told += bytes.toString()));
  await eventually(
    () => Promise.resolve(heard),
    (count) => count > 20 * mib,
    60_000,
  );
  await stage.call(["stop", "endless"]);
  following.kill();
  expect(zeros).toBe(0);
  expect(told).toMatch(/of its output are gone here/u);
  // The keeper looks a last time when it has noted the end.
  await eventually(
    () => sizeOf("endless.1"),
    ({ size, onDisk }) => size > 200 * mib && onDisk <= 4 * mib,
  );
});

test("without a limit all of it stays, and where the disk takes nothing back that is told", async () => {
  const call = (name: string, limit: string) =>
    stage.call(["run", "-d", "--no-nix", "--log-limit", limit, "--name", name, "--", "sh", "-c", lines(mib)]);
  await call("whole", "none");
  const tools = join(stage.home, "tools");
  await mkdir(tools);
  for (const name of ["sh", "seq", "tmux", "tail"])
    await symlink(findProgram(name, stage.env["PATH"], "/") ?? "", join(tools, name));
  stage.env["PATH"] = tools;
  await call("grows", "1M");
  for (const id of ["whole.1", "grows.1"])
    await eventually(
      () => stage.run(id),
      ({ state }) => state === "ended",
    );
  const { out } = await stage.call(["ps"]);
  expect(out).toContain("grows.1: its log grows beyond its limit: there is no `fallocate` on PATH");
  expect(out).not.toContain("whole.1:");
  for (const name of ["whole", "grows"])
    expect((await stage.call(["logs", name])).out).toHaveLength(16 * mib);
  expect(await readFile(join(stage.folder("whole.1"), "output.log"))).toHaveLength(16 * mib);
});

test.each(["64", "0M", "-1M", "lots"])("a limit of %s is refused", async (limit) => {
  const { code, err } = await stage.call(["run", "-d", `--log-limit=${limit}`, "--", "true"]);
  expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining("--log-limit") });
});
