/** Names and records of runs: who gets a name, what is kept, what is removed and run again. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRunStage, eventually, main, type Listed, type RunStage } from "../fixture/run-stage.ts";

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

describe("names", () => {
  test("a name that lives is refused when it was typed, and numbered when it was not", async () => {
    await stage.script("job.sh", "sleep 300\n");
    expect((await stage.call(["run", "--no-nix", "-d", "job.sh"])).out).toBe("job\n");
    expect((await stage.call(["run", "--no-nix", "-d", "job.sh"])).out).toBe("job-2\n");
    expect(await stage.call(["run", "--no-nix", "-d", "--name", "job", "job.sh"])).toMatchObject({
      code: 75,
      err: expect.stringMatching(/job is running since.*chimera attach job/u),
    });
  });

  test("of ten that want one name at once, exactly one gets it", async () => {
    const said = await Promise.all(
      Array.from({ length: 10 }, () => stage.call(["run", "-d", "--name", "one", "--", "sleep", "300"])),
    );
    expect(said.filter(({ code }) => code === 0)).toHaveLength(1);
    expect(said.filter(({ code }) => code === 75)).toHaveLength(9);
    expect((await stage.runs()).filter(({ state }) => state === "running")).toHaveLength(1);
  });

  test("an earlier run stays, and is addressed by its number", async () => {
    for (const word of ["first", "second"]) {
      await stage.call(["run", "-d", "--name", "again", "--", "echo", word]);
      await eventually(
        () => stage.runs(),
        (runs) => runs.every(({ state }) => state === "ended"),
      );
    }
    expect((await stage.call(["logs", "again.1"])).out).toBe("first\n");
    expect((await stage.call(["logs", "again"])).out).toBe("second\n");
    expect(await stage.call(["rm", "again.1", "again.7"])).toMatchObject({ code: 66 });
    expect(await stage.call(["rm", "again.1"])).toMatchObject({ code: 0, out: "again.1\n" });
    expect((await stage.runs("--all")).map(({ id }) => id)).toEqual(["again.2"]);
  });
});

test("completion offers the names that a command can take", async () => {
  await stage.call(["run", "-d", "--name", "over", "--", "true"]);
  await stage.call(["run", "-d", "--name", "going", "--", "sleep", "300"]);
  await untilState("over.1", "ended");
  const words = async (...typed: string[]): Promise<string[]> =>
    (await stage.call(["complete", "--", ...typed])).out
      .trimEnd()
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split("\t")[0] ?? "");
  expect(await words("attach", "")).toEqual(["going"]);
  expect(await words("stop", "")).toEqual(["going"]);
  expect((await words("logs", "")).toSorted()).toEqual(["going", "over"]);
  expect((await words("rm", "o")).toSorted()).toEqual(["over"]);
  expect(await words("run", "--ex")).toEqual(["--explain"]);
});

describe("rm and restart", () => {
  test("what lives is not removed, unless it is forced", async () => {
    await stage.call(["run", "-d", "--name", "r", "--", "sleep", "300"]);
    expect(await stage.call(["rm", "r"])).toMatchObject({
      code: 64,
      err: expect.stringContaining("chimera stop r.1"),
    });
    expect((await stage.call(["rm", "--force", "r"])).code).toBe(0);
    expect(await stage.runs("--all")).toEqual([]);
  });

  test("restart runs the same words in the same folder under the same name", async () => {
    await stage.script("job.sh", '#!/bin/sh\necho "$PWD $@"; sleep 300\n');
    await stage.call(["run", "--no-nix", "-d", "--name", "r", "job.sh", "a b"]);
    await untilState("r.1", "running");
    expect(await stage.call(["restart", "r"])).toMatchObject({ code: 0, out: "r\n" });
    expect(await stage.run("r.1")).toMatchObject({ state: "ended", exit: 143 });
    await eventually(
      async () => (await stage.call(["logs", "r.2"])).out,
      (out) => out === `${stage.work} a b\n`,
    );
  });

  test("a folder that is gone is named", async () => {
    await stage.call(["run", "-d", "--name", "r", "--", "true"]);
    await untilState("r.1", "ended");
    await rm(stage.work, { recursive: true });
    const said = await exec(process.execPath, [main, "restart", "r"], { cwd: "/", env: stage.env }).catch(
      (error: unknown) => String(error),
    );
    expect(said).toMatch(/which is no folder any more/u);
    await mkdir(stage.work);
  });
});

describe("what is kept", () => {
  test("is for the user alone, and holds no variable of his", async () => {
    await stage.call(["run", "-d", "--name", "k", "--", "sh", "-c", "echo x"]);
    await untilState("k.1", "ended");
    const { stdout } = await exec("find", [
      join(stage.home, ".local"),
      stage.env["XDG_RUNTIME_DIR"] ?? "",
      "-perm",
      "/077",
    ]);
    expect(stdout).toBe("");
    const record = await readFile(join(stage.folder("k.1"), "run.json"), "utf8");
    expect(record).not.toContain(stage.env["PATH"]);
    expect(JSON.parse(record)).toMatchObject({ v: 1, ended: { how: { kind: "exited", code: 0 } } });
  });

  test("a record that cannot be read is shown, refused, and can be removed", async () => {
    await stage.call(["run", "-d", "--name", "b", "--", "true"]);
    await untilState("b.1", "ended");
    for (const text of ["{", '{"v":2}', ""]) {
      await writeFile(join(stage.folder("b.1"), "run.json"), text);
      expect((await stage.call(["ps"])).out).toMatch(/b +unreadable[^]*b\.1: its record/u);
      expect(await stage.call(["logs", "b"])).toMatchObject({
        code: 65,
        err: expect.stringContaining("state-invalid"),
      });
    }
    expect((await stage.call(["rm", "b"])).code).toBe(0);
    expect((await stage.runs("--all")).length).toBe(0);
  });
});
