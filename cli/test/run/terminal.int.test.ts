/** `chimera run` at a terminal: a real one, so that keys, sizes and what a terminal is asked for are what they are. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunStage, eventually, main, isThere, type RunStage } from "../fixture/run-stage.ts";

let stage: RunStage;
beforeEach(async () => {
  stage = await createRunStage();
});
afterEach(() => stage.end());

describe("a script at a terminal", () => {
  test("has that terminal's size and a terminal of its own, and its output and exit code stay", async () => {
    await stage.script(
      "ask.sh",
      '#!/bin/sh\nstty size; test -t 0 && test -t 1 && test -t 2 && echo "tty $TERM tmux=$TMUX"; read -r line; echo "got $line"; exit 5\n',
    );
    const terminal = await stage.terminal(["run", "--no-nix", "ask.sh"], { columns: 91, rows: 17 });
    await terminal.until("tty tmux-256color tmux=");
    await terminal.type("ünï 'x\"");
    await terminal.keys("Enter");
    const text = await terminal.until("[ended");
    expect(text).toMatch(
      /^chimera: ask: Ctrl-B d leaves it[^\n]*\n17 91\ntty tmux-256color tmux=\nünï 'x"\ngot ünï 'x"\n\[ended 5\]$/u,
    );
    expect(await stage.run("ask.1")).toMatchObject({ state: "ended", exit: 5, mode: "terminal" });
    expect((await stage.call(["logs", "ask"])).out).toBe(
      "17 91\r\ntty tmux-256color tmux=\r\nünï 'x\"\r\ngot ünï 'x\"\r\n",
    );
  });

  test("gets Ctrl-C, Ctrl-Backslash and Ctrl-D as it would without a session", async () => {
    await stage.script(
      "keys.sh",
      "#!/bin/bash\ntrap 'echo int' INT; trap 'echo quit' QUIT; echo ready; until [ -e go ]; do sleep 0.1; done; cat; echo end\n",
    );
    const terminal = await stage.terminal(["run", "--no-nix", "keys.sh"]);
    await terminal.until("ready");
    await terminal.keys("C-c");
    await terminal.until(/\^Cint/u);
    await terminal.keys("C-\\");
    await terminal.until(/^quit/mu);
    await writeFile(join(stage.work, "go"), "");
    await terminal.type("x");
    await terminal.keys("Enter", "C-d");
    expect(await terminal.until("[ended")).toMatch(/x\nx\nend\n\[ended 0\]/u);
  });

  test("that dies of Ctrl-C ends with 130", async () => {
    const terminal = await stage.terminal(["run", "--name", "c", "--", "sh", "-c", "echo ready; sleep 300"]);
    await terminal.until("ready");
    await terminal.keys("C-c");
    await terminal.until("[ended 130]");
    expect(await stage.run("c.1")).toMatchObject({ state: "ended", exit: 130 });
  });

  test("follows every change of size, also a storm of them", async () => {
    await stage.script(
      "size.sh",
      "#!/bin/bash\ntrap 'stty size' WINCH; echo ready; while [ ! -e go ]; do sleep 0.05; done; stty size\n",
    );
    const terminal = await stage.terminal(["run", "--no-nix", "size.sh"]);
    await terminal.until("ready");
    await terminal.resize(100, 30);
    await terminal.until("30 100");
    for (let round = 0; round < 60; round += 1)
      await terminal.resize(40 + ((round * 37) % 120), 10 + ((round * 13) % 40));
    await terminal.resize(77, 19);
    await terminal.until("19 77");
    await writeFile(join(stage.work, "go"), "");
    expect(await terminal.until("[ended")).toMatch(/19 77\n\[ended 0\]/u);
  });

  test("with one stream that leads elsewhere is in the foreground, and that stream goes there", async () => {
    const words = [process.execPath, main, "run", "--name", "err", "--"];
    const script = '"$@" sh -c "echo out; echo err >&2" 2>err.txt';
    const terminal = await stage.terminal([
      "run",
      "--name",
      "outer",
      "--",
      "sh",
      "-c",
      script,
      "sh",
      ...words,
    ]);
    await terminal.until(/out\n\[ended 0\]/u);
    expect(await readFile(join(stage.work, "err.txt"), "utf8")).toBe("err\n");
    expect(await stage.run("err.1")).toMatchObject({ mode: "foreground" });
  });

  test("that ends at once leaves its output too", async () => {
    for (const round of [1, 2, 3]) {
      const terminal = await stage.terminal([
        "run",
        "--name",
        `quick${round}`,
        "--",
        "sh",
        "-c",
        "echo quick; exit 3",
      ]);
      expect(await terminal.until("[ended")).toMatch(/\nquick\n\[ended 3\]$/u);
    }
  });

  test("may write more than a screen: the end of it stays, all of it is in the log", async () => {
    const terminal = await stage.terminal(["run", "--name", "much", "--", "seq", "1", "200000"]);
    expect(await terminal.until("[ended")).toMatch(/199999\n200000\n\[ended 0\]$/u);
    const all = Array.from({ length: 200_000 }, (_, index) => `${index + 1}\r\n`).join("");
    expect((await stage.call(["logs", "much"])).out === all).toBe(true);
  });

  test("that leaves a sequence open, or the other screen on, is ended all the same", async () => {
    const script = String.raw`printf 'before\033[?1049hother\033]0;never ended'; exit 2`;
    const terminal = await stage.terminal(["run", "--name", "open", "--", "sh", "-c", script]);
    await terminal.until("[ended 2]");
    expect((await stage.call(["logs", "open"])).out).toBe("before\u001b[?1049hother\u001b]0;never ended");
  });
});

describe("leaving and coming back", () => {
  const ticking = '#!/bin/bash\nfor i in $(seq 1 10000); do echo "tick $i"; sleep 0.1; done\n';

  test("detached by key it runs on, and attach shows where it is", async () => {
    await stage.script("tick.sh", ticking);
    const first = await stage.terminal(["run", "--no-nix", "tick.sh"]);
    await first.until("tick 3");
    await first.keys("C-b", "d");
    await first.until(/left tick, which runs on[^]*\[ended 0\]/u);
    const second = await stage.terminal(["attach", "tick"], { columns: 60, rows: 10 });
    expect(await second.until("tick 12")).not.toContain("[ended");
  });

  test("a terminal that is killed takes nothing with it, and two can watch at once", async () => {
    await stage.script("tick.sh", ticking);
    const first = await stage.terminal(["run", "--no-nix", "tick.sh"]);
    await first.until("tick 3");
    await first.cut();
    expect(await stage.run("tick.1")).toMatchObject({ state: "running" });
    const [second, third] = [await stage.terminal(["attach"]), await stage.terminal(["attach", "tick.1"])];
    await Promise.all([second.until("tick 20"), third.until("tick 20")]);
    expect((await stage.call(["stop", "tick"])).code).toBe(0);
    await Promise.all([second.until("[ended 143]"), third.until("[ended 143]")]);
  });

  test("the chimera that waits at the terminal may be killed", async () => {
    await stage.script("tick.sh", ticking);
    const terminal = await stage.terminal(["run", "--no-nix", "tick.sh"]);
    await terminal.until("tick 3");
    const maker = JSON.parse(await readFile(join(stage.folder("tick.1"), "run.json"), "utf8")).maker.pid;
    process.kill(maker, "SIGKILL");
    await eventually(
      async () => Promise.resolve(isThere(maker)),
      (there) => !there,
    );
    expect(await stage.run("tick.1")).toMatchObject({ state: "running" });
  });

  test("asked to end while it is attached, it leaves the session", async () => {
    await stage.script("tick.sh", ticking);
    const terminal = await stage.terminal(["run", "--no-nix", "tick.sh"]);
    await terminal.until("tick 3");
    const text = await readFile(join(stage.folder("tick.1"), "run.json"), "utf8");
    process.kill(JSON.parse(text).maker.pid, "SIGTERM");
    expect(await terminal.until("[ended")).toMatch(/what runs in a session runs on[^]*\[ended 143\]/u);
    expect(await stage.run("tick.1")).toMatchObject({ state: "running" });
  });

  test("a socket that logout has removed is opened again", async () => {
    await stage.script("tick.sh", ticking);
    await stage.call(["run", "--no-nix", "-dt", "tick.sh"]);
    const runtime = stage.env["XDG_RUNTIME_DIR"] ?? "";
    await rm(runtime, { recursive: true });
    await mkdir(runtime, { mode: 0o700 });
    const terminal = await stage.terminal(["attach", "tick"]);
    expect(await terminal.until("tick 5")).not.toContain("[ended");
  });

  test("attach to what has ended shows its last screen and ends with its code", async () => {
    await stage.call(["run", "-dt", "--name", "over", "--", "sh", "-c", "echo last words; exit 9"]);
    await eventually(
      () => stage.run("over.1"),
      ({ state }) => state === "ended",
    );
    const terminal = await stage.terminal(["attach", "over"]);
    expect(await terminal.until("[ended")).toBe("last words\n[ended 9]");
  });

  test("within itself it is refused, and without a terminal too", async () => {
    await stage.call(["run", "-dt", "--name", "in", "--", "sh"]);
    expect(await stage.call(["attach", "in"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("needs a terminal"),
    });
    const inner = [process.execPath, main, "attach", "in"].join(" ");
    const terminal = await stage.terminal(["attach", "in"]);
    await terminal.type(inner);
    await terminal.keys("Enter");
    await terminal.until("inside of in already");
  });
});
