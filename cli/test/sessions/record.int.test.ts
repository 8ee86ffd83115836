/** Recordings: what attach writes down, and playing what somebody else wrote. */
import { execFileSync } from "node:child_process";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Digest } from "@chimera/proto/names";
import { main } from "../fixture/run-stage.ts";
import { hostileSequences } from "./hostile-sequences.ts";
import { createSessionStage, known, type SessionStage } from "./session-stage.ts";

let stage: SessionStage;
beforeAll(async () => {
  stage = await createSessionStage(["n1"]);
  stage.node("n1").start();
});
afterAll(() => stage.end());

const ended = { state: "ended", exitCode: 4, endedAt: "2026-11-30T03:00:00.000Z" } as const;
const header = '{"version":2,"width":80,"height":24}';
const cast = async (name: string, ...lines: string[]): Promise<string> => {
  const file = join(stage.home, name);
  await writeFile(file, `${[header, ...lines].join("\n")}\n`);
  return file;
};

test("attach writes down what it shows, for nobody else's eyes, and play shows it again", async () => {
  const log = await stage.node("n1").log("rec");
  await log.write("one\ntwo ünï\n");
  await known(stage, "rec");
  const keyboard = { order: Digest.parse("a".repeat(64)), holder: "anna@ws", until: ended.endedAt };
  await log.facts({ keyboard });
  const file = join(stage.home, "rec.cast");
  const child = stage.start("attach", "--record", "rec.cast", "n1/rec");
  const code = new Promise((done) => child.once("close", done));
  await new Promise((done) => child.stdout?.once("data", done));
  await log.write("three\n");
  await log.facts({ ...ended, keyboard: null });
  expect(await code).toBe(4);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ version: 2, width: 80, height: 24, title: "n1/rec" });
  const events = lines.slice(1).map((line) => JSON.parse(line));
  const output = events.flatMap(([, kind, text]) => (kind === "o" ? [text] : [])).join("");
  expect(output).toBe("one\r\ntwo ünï\r\nthree\r\n");
  expect(events.filter(([, kind]) => kind === "m").map(([, , text]) => text)).toEqual([
    "keyboard: anna@ws",
    "keyboard: nobody",
  ]);
  expect(await stage.call("record", "play", "rec.cast")).toMatchObject({ code: 0, out: output });
  const terminal = await stage.terminal(["record", "play", "--speed", "10", "rec.cast"]);
  expect(await terminal.until("[ended")).toMatch(/^one\ntwo ünï\nthree\n+\[ended 0\]$/u);
  await terminal.cut();
});

test("where the disk refuses more, attach says so and goes on, and what was written is whole", async () => {
  const log = await stage.node("n1").log("full", { kind: "run", ...ended });
  const line = `${"x".repeat(1023)}\n`;
  await log.write(line.repeat(600));
  await known(stage, "full");
  // Files of 256 blocks and no more: to a program that is what a full disk is.
  const bounded = 'ulimit -f 256; exec "$@"';
  const words = ["-c", bounded, "sh", process.execPath, main, "attach", "--record", "full.cast", "n1/full"];
  const said = await execa("sh", words, {
    env: stage.env,
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    cwd: stage.home,
  });
  expect({ code: said.exitCode, bytes: said.stdout.length }).toEqual({ code: 4, bytes: 600 * 1024 });
  expect(said.stderr).toMatch(/the recording .*full\.cast ends: EFBIG/u);
  const { code, out } = await stage.call("record", "play", "full.cast");
  expect(code).toBe(0);
  expect(out.length).toBeGreaterThan(60_000);
});

test("the recording of the documentation plays", async () => {
  const file = resolve(import.meta.dirname, "../../../docs/attach.cast");
  const { code, out } = await stage.call("record", "play", file);
  expect(code).toBe(0);
  expect(out).toMatch(/n1 takes lease 1[^]*head 2: committed\r\n$/u);
});

test("what comes on standard input plays too; a terminal there is no recording", async () => {
  const file = await cast("piped.cast", '[0,"o","one ü\\r\\n"]', '[1,"m","keyboard: anna"]', '[2,"o","two"]');
  const child = stage.start("record", "play", "-");
  const code = new Promise((done) => child.once("close", done));
  const said = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  child.stdin?.end(await readFile(file));
  expect(await code).toBe(0);
  expect(said).toEqual({ out: "one ü\r\ntwo", err: "chimera: keyboard: anna\n" });
  const terminal = await stage.terminal(["record", "play", "-"]);
  expect(await terminal.until("[ended")).toMatch(/a terminal is no recording/u);
  await terminal.cut();
});

test("a recording replaces nothing, and follows no link", async () => {
  const log = await stage.node("n1").log("there");
  await log.facts(ended);
  await known(stage, "there");
  await writeFile(join(stage.home, "there.cast"), "mine");
  await symlink("/dev/null", join(stage.home, "link.cast"));
  for (const name of ["there.cast", "link.cast"]) {
    expect(await stage.call("attach", "--record", name, "n1/there")).toMatchObject({
      code: 65,
      err: expect.stringContaining("is there already"),
    });
  }
  expect(await readFile(join(stage.home, "there.cast"), "utf8")).toBe("mine");
});

describe("a file of somebody else", () => {
  test("harms no terminal", async () => {
    const events = hostileSequences.map(([, sequence]) => JSON.stringify([0, "o", `[${sequence}]\r\n`]));
    const file = await cast(
      "hostile.cast",
      ...events,
      '[0.1,"m","\\u001b]0;evil\\u0007"]',
      '[0.1,"o","after"]',
    );
    const terminal = await stage.terminal(["record", "play", file]);
    const title = await terminal.ask("#{pane_title}");
    expect(await terminal.until("[ended")).toMatch(/after\n+\[ended 0\]$/u);
    expect(await terminal.ask("#{pane_title}")).toBe(title);
    expect(await terminal.buffers()).toBe("");
    expect(await terminal.ask("#{mouse_any_flag}#{insert_flag}#{keypad_cursor_flag}#{origin_flag}")).toBe(
      "0000",
    );
    await terminal.cut();
  });

  test("does not make anybody wait longer than he said, and is left by key", async () => {
    const file = await cast("slow.cast", '[0,"o","begin"]', '[500000,"o"," end"]');
    const quick = await stage.terminal(["record", "play", "--idle", "0.1", file]);
    expect(await quick.until("begin end")).toContain("begin end");
    const slow = await stage.terminal(["record", "play", "--idle", "3600", file]);
    await slow.until("begin");
    await slow.keys("C-c");
    await slow.until("[ended 0]");
    await quick.cut();
    await slow.cut();
  });

  test.each([
    ["another version", '{"version":3,"term":{"cols":80,"rows":24}}\n', "asciicast version 2"],
    ["a screen of a million columns", '{"version":2,"width":1000000,"height":24}\n', "asciicast version 2"],
    ["no JSON", `${header}\n[1,\n`, "line 2"],
    ["a line without end", `${header}\n[0,"o","${"x".repeat(1_100_000)}`, "a line of more than"],
    ["nothing", "", "its first line"],
  ])("%s is refused", async (_, text, message) => {
    const file = join(stage.home, "bad.cast");
    await writeFile(file, text);
    const said = await stage.call("record", "play", file);
    expect(said).toMatchObject({ code: 65, err: expect.stringContaining(message) });
  });

  test("that is a pipe, a folder or not there is no file", async () => {
    execFileSync("mkfifo", [join(stage.home, "fifo")]);
    for (const name of ["fifo", ".", "missing.cast"])
      expect(await stage.call("record", "play", name)).toMatchObject({ code: 66 });
  });
});
