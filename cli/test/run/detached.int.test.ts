/** `chimera run -d`: work that outlives its caller and its tmux server, and what becomes of it. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunStage, eventually, isThere, type Listed, type RunStage } from "../fixture/run-stage.ts";

const exec = promisify(execFile);

let stage: RunStage;
beforeEach(async () => {
  stage = await createRunStage();
});
afterEach(() => stage.end());

const untilState = (id: string, state: string): Promise<Listed> =>
  eventually(
    () => stage.run(id),
    (run) => run.state === state,
  );

async function serverPid(): Promise<number> {
  return Number(await stage.tmux("display-message", "-p", "#{pid}"));
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await eventually(
    async () => Promise.resolve(isThere(pid)),
    (there) => !there,
  );
}

describe("a run with a log", () => {
  test("prints its name, goes on without its caller, and keeps log, exit code and times", async () => {
    await stage.script("job.sh", "#!/bin/sh\necho one; echo two >&2; sleep 0.3; printf three; exit 4\n");
    expect(await stage.call(["run", "--no-nix", "-d", "job.sh"])).toEqual({ code: 0, out: "job\n", err: "" });
    const run = await untilState("job.1", "ended");
    expect(run).toMatchObject({
      exit: 4,
      mode: "log",
      startedAt: expect.any(String),
      endedAt: expect.any(String),
    });
    expect(Date.parse(run.endedAt ?? "") - Date.parse(run.startedAt ?? "")).toBeGreaterThanOrEqual(300);
    expect((await stage.call(["logs", "job"])).out).toBe("one\ntwo\nthree");
    expect((await stage.call(["logs", "-n", "1", "job"])).out).toBe("three");
    expect((await stage.call(["logs", "--tail", "2", "job.1"])).out).toBe("two\nthree");
    expect((await stage.call(["logs", "-n", "0", "job"])).out).toBe("");
  });

  test("has no input, no terminal, and Python shows at once what it prints", async () => {
    const script = "import sys,time; print('live', sys.stdin.read(), sys.stdout.isatty()); time.sleep(300)";
    await stage.call(["run", "-d", "--name", "py", "--", "python3", "-c", script]);
    const out = await eventually(
      async () => (await stage.call(["logs", "py"])).out,
      (text) => text !== "",
    );
    expect(out).toBe("live  False\n");
  });

  test("that cannot be executed says so, with the code that a shell gives", async () => {
    await stage.script("bad.x", "#!/nowhere/interpreter\n");
    for (const flags of ["-d", "-dt"]) {
      const said = await stage.call(["run", flags, "--name", "bad", "--", "./bad.x"]);
      expect(said).toMatchObject({ code: 127, out: "", err: expect.stringContaining("cannot be started") });
    }
    expect(await stage.run("bad.2")).toMatchObject({ state: "ended", exit: 127, mode: "terminal" });
  });

  test("logs -f follows until the end, byte by byte", async () => {
    await stage.call([
      "run",
      "-d",
      "--name",
      "f",
      "--",
      "sh",
      "-c",
      'for i in 1 2 3; do printf "$i\\r\\033[31m"; sleep 0.2; done',
    ]);
    expect(await stage.call(["logs", "-f", "f"])).toMatchObject({
      code: 0,
      out: "1\r\u001b[31m2\r\u001b[31m3\r\u001b[31m",
    });
  });

  test("survives that its tmux server is killed, and can be attached again", async () => {
    await stage.call(["run", "-d", "--name", "w", "--", "sh", "-c", "echo begun; sleep 300"]);
    expect(await stage.tmux("list-sessions", "-F", "#{session_name}")).toBe("w@1");
    await kill(await serverPid());
    expect(await stage.run("w.1")).toMatchObject({ state: "running" });
    const terminal = await stage.terminal(["attach", "w"]);
    await terminal.until("begun");
    await terminal.keys("C-b", "d");
    await terminal.until(/left w, which runs on[^]*\[ended 0\]/u);
  });

  test("its view may be closed by Ctrl-C, which leaves the work alone", async () => {
    await stage.call(["run", "-d", "--name", "v", "--", "sh", "-c", "echo begun; sleep 300"]);
    const terminal = await stage.terminal(["attach", "v"]);
    await terminal.until("begun");
    await terminal.keys("C-c");
    await terminal.until(/left v[^]*\[ended 0\]/u);
    expect(await stage.run("v.1")).toMatchObject({ state: "running" });
  });

  test("attach stays to the end, shows it, and ends with the run's code", async () => {
    await stage.call([
      "run",
      "-d",
      "--name",
      "e",
      "--",
      "sh",
      "-c",
      "echo begun; while [ ! -e go ]; do sleep 0.1; done; echo over; exit 6",
    ]);
    const terminal = await stage.terminal(["attach"]);
    await terminal.until("begun");
    await writeFile(join(stage.work, "go"), "");
    expect(await terminal.until("[ended")).toMatch(/^begun\nover\n\[ended 6\]$/u);
  });
});

describe("stop", () => {
  test("ends all processes of a run, those too that its script started", async () => {
    await stage.call([
      "run",
      "-d",
      "--name",
      "s",
      "--",
      "sh",
      "-c",
      "sleep 301 & (setsid sleep 302 &) ; sleep 303",
    ]);
    const { pid } = await untilState("s.1", "running");
    expect(await stage.call(["stop", "s"])).toMatchObject({ code: 0, out: "s\n" });
    expect(await stage.run("s.1")).toMatchObject({ state: "ended", exit: 143 });
    expect(isThere(pid ?? 0)).toBe(false);
    const { stdout } = await exec("ps", ["-eo", "args"]);
    expect(stdout).not.toMatch(/^sleep 30[13]$/mu);
    await exec("sh", ["-c", "kill $(ps -eo pid,args | awk '/sleep 30[2]$/ {print $1}')"]);
  });

  test("a script that ignores SIGTERM is killed after the stated time", async () => {
    await stage.call([
      "run",
      "-d",
      "--name",
      "deaf",
      "--",
      "sh",
      "-c",
      "trap '' TERM HUP INT; echo deaf; while :; do sleep 0.1; done",
    ]);
    await eventually(
      async () => (await stage.call(["logs", "deaf"])).out,
      (out) => out === "deaf\n",
    );
    const begunMs = Date.now();
    expect((await stage.call(["stop", "--time", "1", "deaf"])).code).toBe(0);
    expect(Date.now() - begunMs).toBeGreaterThanOrEqual(1000);
    expect(await stage.run("deaf.1")).toMatchObject({ state: "ended", exit: 137 });
  });

  test("a script that was stopped by a signal is ended all the same", async () => {
    await stage.call(["run", "-d", "--name", "z", "--", "sh", "-c", "kill -STOP $$; echo never"]);
    await untilState("z.1", "running");
    expect((await stage.call(["stop", "z"])).code).toBe(0);
    expect(await stage.run("z.1")).toMatchObject({ state: "ended", exit: 143 });
  });

  test("what has ended already is no failure", async () => {
    await stage.call(["run", "-d", "--name", "o", "--", "true"]);
    await untilState("o.1", "ended");
    expect((await stage.call(["stop", "o"])).code).toBe(0);
  });
});

describe("a keeper that is killed", () => {
  test("leaves a run that is called unwatched, and lost when it has ended", async () => {
    await stage.call(["run", "-d", "--name", "k", "--", "sleep", "300"]);
    const { pid } = await untilState("k.1", "running");
    await kill(Number((await readStat(pid ?? 0))[3]));
    expect(await stage.run("k.1")).toMatchObject({ state: "unwatched", pid });
    process.kill(pid ?? 0, "SIGKILL");
    const lost = await untilState("k.1", "lost");
    expect(lost.why).toMatch(/died together with the process that watched it/u);
    expect((await stage.call(["ps"])).out).toMatch(/k +lost[^]*k\.1: it died/u);
  });

  test("stop ends what it watched", async () => {
    await stage.call(["run", "-d", "--name", "k", "--", "sh", "-c", "sleep 305 & sleep 304"]);
    const { pid } = await untilState("k.1", "running");
    await kill(Number((await readStat(pid ?? 0))[3]));
    expect((await stage.call(["stop", "k"])).code).toBe(0);
    expect(isThere(pid ?? 0)).toBe(false);
    expect((await exec("ps", ["-eo", "args"])).stdout).not.toMatch(/^sleep 30[45]$/mu);
  });
});

async function readStat(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return ["", "", ...text.slice(text.lastIndexOf(")") + 2).split(" ")];
}
