/** `chimera run` in a pipe: bytes, signals and exit codes go through as if it were not there, and it is recorded. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRunStage, eventually, main, type RunStage } from "../fixture/run-stage.ts";

let stage: RunStage;
beforeAll(async () => {
  stage = await createRunStage();
});
afterAll(() => stage.end());

test("two megabytes of any bytes go in and come out", async () => {
  const bytes = randomBytes(2 * 1024 * 1024);
  const { stdout, exitCode } = await execa(process.execPath, [main, "run", "--", "cat"], {
    cwd: stage.work,
    env: stage.env,
    extendEnv: false,
    input: bytes,
    encoding: "buffer",
  });
  expect(exitCode).toBe(0);
  expect(Buffer.from(stdout).equals(bytes)).toBe(true);
});

test("words, variables, folder and streams are the caller's own, and the code is the script's", async () => {
  await stage.script("say.sh", '#!/bin/sh\nprintf "%s|" "$@" "$PWD" "$CHIMERA_RUN"; echo err >&2; exit 7\n');
  const said = await stage.call(["run", "--no-nix", "say.sh", "a b", "", "--name", "--", "$HOME;id", "-d"]);
  expect(said).toEqual({ code: 7, out: `a b||--name|--|$HOME;id|-d|${stage.work}|1|`, err: "err\n" });
});

test.each([
  ["KILL", 137],
  ["TERM", 143],
  ["SEGV", 139],
  ["HUP", 129],
])("a script that dies of SIG%s ends it with %i", async (signal, code) => {
  const said = await stage.call(["run", "--", "sh", "-c", `kill -${signal} $$`]);
  expect(said.code).toBe(code);
});

test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"] as const)(
  "%s reaches the script, which decides what it means",
  async (signal) => {
    const name = signal.slice(3);
    const child = stage.start([
      "run",
      "--",
      "sh",
      "-c",
      `trap 'echo got; exit 5' ${name}; echo ready; while :; do sleep 0.05; done`,
    ]);
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
    await eventually(
      async () => Promise.resolve(out),
      (text) => text.includes("ready"),
    );
    child.kill(signal);
    expect(await once(child, "exit")).toEqual([5, null]);
    expect(out).toBe("ready\ngot\n");
  },
);

test("a reader that goes away ends the script as it would without us", async () => {
  const words = [process.execPath, main, "run", "--name", "pipe", "--", "yes"];
  const script = '"$@" | head -n 1; echo "${PIPESTATUS[0]}"';
  const { stdout } = await execa("bash", ["-c", script, "bash", ...words], {
    cwd: stage.work,
    env: stage.env,
    extendEnv: false,
  });
  expect(stdout).toBe("y\n141");
  expect(await stage.run("pipe.1")).toMatchObject({ state: "ended", exit: 141, mode: "foreground" });
});

test("it is listed while it runs, can be stopped by name, and has no log", async () => {
  const child = stage.start(["run", "--name", "long", "--", "sh", "-c", "sleep 300 & wait"]);
  const run = await eventually(
    async () => (await stage.runs()).find(({ name }) => name === "long"),
    (found) => found?.state === "running",
  );
  expect(run).toMatchObject({ id: "long.1", mode: "foreground", command: ["sh", "-c", "sleep 300 & wait"] });
  expect(await stage.call(["logs", "long"])).toMatchObject({
    code: 66,
    err: expect.stringContaining("foreground"),
  });
  const [stopped] = await Promise.all([stage.call(["stop", "long"]), once(child, "exit")]);
  expect(stopped).toMatchObject({ code: 0, out: "long\n" });
  expect(await stage.run("long.1")).toMatchObject({ state: "ended", exit: 143, endedAt: expect.any(String) });
});

test("a command that does not exist is 127 before anything is recorded", async () => {
  const said = await stage.call(["run", "--name", "none", "--", "no-such-command"]);
  expect(said).toMatchObject({
    code: 127,
    err: expect.stringMatching(/no program `no-such-command`.*\[command-missing\]/u),
  });
  expect((await stage.runs("--all")).some(({ name }) => name === "none")).toBe(false);
});

test("an interpreter that does not exist is named, with the script that wants it", async () => {
  await stage.script("odd.x", "#!/nowhere/odd-interpreter -x\n");
  expect(await stage.call(["run", "--no-nix", "odd.x"])).toMatchObject({
    code: 127,
    err: expect.stringMatching(/`odd-interpreter` on PATH, which odd\.x needs/u),
  });
});

test.each([
  ["#!/nowhere/interpreter\n", 127, "ENOENT"],
  ["#!/dev/null\n", 126, "EACCES"],
])("a command %j that the kernel does not start is recorded with the reason", async (text, code, reason) => {
  await stage.script("bad.x", text);
  const said = await stage.call(["run", "--name", `bad${code}`, "--", "./bad.x"]);
  expect(said).toMatchObject({ code, err: expect.stringContaining(`bad.x cannot be started`) });
  expect(said.err).toContain(reason);
  expect(await stage.run(`bad${code}.1`)).toMatchObject({ state: "ended", exit: code });
});

test.each([
  [["run", "no-such-file.py"], 66, /no file no-such-file\.py/u],
  [["run", "./no-such-file"], 66, /no file \.\/no-such-file/u],
  [["run", "./"], 65, /is no file/u],
  [["run"], 64, /what is to run/u],
  [["run", "--"], 64, /what is to run/u],
  [["run", "--env", "", "--", "true"], 64, /--env/u],
  [["run", "--env", "-x y", "--", "true"], 64, /no environment/u],
  [["run", "-t", "--", "true"], 64, /no terminal/u],
  [["run", "--nmae", "x", "--", "true"], 64, /--nmae/u],
  [["attach", "nobody"], 66, /no run nobody/u],
  [["attach", "n1/rollout"], 78, /no context/u],
  [["logs", "n1/rollout"], 78, /no context/u],
  [["stop", "a:b"], 64, /a session's name has/u],
  [["logs", "--tail", "-1", "x"], 64, /--tail/u],
  [["stop", "--time", "soon", "x"], 64, /--time/u],
] as const)("%j ends with %i", async (args, code, message) => {
  expect(await stage.call(args)).toMatchObject({ code, err: expect.stringMatching(message) });
});

test.each(["a:b", "a.b", "a;kill-server", "a\nb", "x".repeat(300), "", "-x", "../x", "=a", "$0", "#{pid}"])(
  "the name %j is refused and nothing runs",
  async (name) => {
    const mark = join(stage.work, "ran");
    const said = await stage.call(["run", `--name=${name}`, "--", "touch", mark]);
    expect(said).toMatchObject({ code: 64, err: expect.stringContaining("a session's name has 1-63") });
    await expect(writeFile(mark, "", { flag: "wx" })).resolves.toBeUndefined();
    await execa("rm", [mark]);
  },
);

test("a file that is called like a command is a script, behind -- the command", async () => {
  await stage.script("true", "#!/bin/sh\nexit 9\n");
  expect((await stage.call(["run", "--no-nix", "true"])).code).toBe(9);
  expect((await stage.call(["run", "--no-nix", "--", "true"])).code).toBe(0);
  await stage.script("-odd.sh", "exit 8\n");
  expect((await stage.call(["run", "--no-nix", "./-odd.sh"])).code).toBe(8);
});

test("an explanation runs nothing and says the exact words", async () => {
  await stage.script("x.sh", "touch ran\n");
  const said = await stage.call(["run", "--no-nix", "--explain", "--json", "x.sh", "a b"]);
  expect({ code: said.code, ...JSON.parse(said.out) }).toMatchObject({
    code: 0,
    command: ["bash", "x.sh", "a b"],
    environment: { kind: "none" },
    because: "--no-nix",
    cwd: stage.work,
  });
});

test("somebody's folder in the place of ours is refused", async () => {
  const wide = join(stage.home, "wide");
  await execa("mkdir", ["-p", "-m", "755", wide]);
  await execa("mkdir", ["-m", "777", join(wide, "chimera")]);
  await execa("chmod", ["777", join(wide, "chimera")]);
  const said = await execa(
    "env",
    [`XDG_RUNTIME_DIR=${wide}`, process.execPath, main, "run", "-d", "--", "true"],
    {
      cwd: stage.work,
      env: stage.env,
      extendEnv: false,
      reject: false,
    },
  );
  expect(said).toMatchObject({ exitCode: 66, stderr: expect.stringMatching(/not a folder of yours alone/u) });
});
