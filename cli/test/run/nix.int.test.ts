/** A flake's devShell by real Nix, made of bare derivations: kept, made anew, entered, and what happens when it fails. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  builder,
  createNixHome,
  flake,
  shell,
  tools,
  type NixHome,
  type NixStage,
} from "../fixture/nix-stage.ts";
import { eventually, type Said } from "../fixture/run-stage.ts";

let nix: NixHome;
let stage: NixStage;

beforeAll(async () => {
  nix = await createNixHome();
});
afterAll(() => nix.end());
beforeEach(async () => {
  stage = await nix.stage();
  await stage.write("tools.nix", tools("greetings"));
  await stage.write("greet.sh", '#!/usr/bin/env bash\ngreet; echo "$GREETING|$IN_NIX_SHELL|$HOOKED"\n');
});
afterEach(() => stage.end());

const wasMade = ({ err }: Said): boolean => err.includes("making the environment");

describe("a flake's devShell", () => {
  beforeEach(async () => {
    await stage.write(
      "flake.nix",
      flake("default = import ./shell.nix; hook = import ./hook.nix; bad = import ./bad.nix;"),
    );
    await stage.write("shell.nix", shell('GREETING = "hello";'));
    await stage.write("hook.nix", shell(`GREETING = "hook"; shellHook = "echo hooking; export HOOKED=1";`));
    await stage.write("bad.nix", shell(`X = ${builder("echo last words of it; exit 3")};`));
  });

  test("is what a script beside it runs in, in a pipe and in a session", async () => {
    const first = await stage.call(["run", "greet.sh"]);
    expect(first).toMatchObject({ code: 0, out: "greetings\nhello|impure|\n" });
    expect(wasMade(first)).toBe(true);
    const terminal = await stage.terminal(["run", "greet.sh"]);
    expect(await terminal.until("[ended")).toMatch(/\ngreetings\nhello\|impure\|\n\[ended 0\]$/u);
    expect(await stage.call(["run", "--", "greet"])).toEqual({ code: 0, out: "greetings\n", err: "" });
  });

  test("is made once for each content of what it reads, and kept under a root", async () => {
    expect(wasMade(await stage.call(["run", "greet.sh"]))).toBe(true);
    await stage.callOther("nix-store", "--gc", "--quiet");
    expect(wasMade(await stage.call(["run", "greet.sh"]))).toBe(false);
    await stage.write("greet.sh", "greet; echo changed\n");
    expect(await stage.call(["run", "greet.sh"])).toEqual({ code: 0, out: "greetings\nchanged\n", err: "" });
    await stage.write("tools.nix", tools("salutations"));
    const other = await stage.call(["run", "greet.sh"]);
    expect({ made: wasMade(other), out: other.out }).toEqual({ made: true, out: "salutations\nchanged\n" });
    await stage.write("tools.nix", tools("greetings"));
    expect(await stage.call(["run", "greet.sh"])).toEqual({ code: 0, out: "greetings\nchanged\n", err: "" });
    expect(wasMade(await stage.call(["run", "--refresh", "greet.sh"]))).toBe(true);
  });

  test("whose root somebody removed is made again after a garbage collection", async () => {
    await stage.call(["run", "greet.sh"]);
    const cache = join(stage.home, ".cache/chimera/env");
    for (const folder of await readdir(cache)) {
      for (const name of await readdir(join(cache, folder))) {
        if (name.startsWith("root-")) await rm(join(cache, folder, name), { recursive: true });
      }
    }
    await stage.callOther("nix-store", "--gc", "--quiet");
    const said = await stage.call(["run", "greet.sh"]);
    expect({ made: wasMade(said), out: said.out }).toEqual({ made: true, out: "greetings\nhello|impure|\n" });
  });

  test("runs its hook, through which words, input and exit code pass", async () => {
    await stage.write("args.sh", 'printf "%s|" "$HOOKED" "$@"; cat; exit 6\n');
    const said = await stage.call(["run", "--env", "hook", "args.sh", "a b", "", "$x;"], "input");
    expect(said).toMatchObject({ code: 6, out: "hooking\n1|a b||$x;|input" });
    const again = await stage.call(["run", "--env", "hook", "args.sh", "'\""], "");
    expect(again).toEqual({ code: 6, out: "hooking\n1|'\"|", err: "" });
    expect((await stage.call(["run", "--env", "hook", "--", "no-such"])).code).toBe(127);
  });

  test("that does not build stops before anything runs, with its last words", async () => {
    const said = await stage.call(["run", "--env", "bad", "-d", "--name", "never", "greet.sh"]);
    expect(said).toMatchObject({
      code: 70,
      out: "",
      err: expect.stringMatching(/last words of it[^]*\[build-failed\]/u),
    });
    expect(await stage.runs("--all")).toEqual([]);
    await stage.write("flake.nix", '{ outputs = _: { devShells = throw "nothing here"; }; }');
    expect(await stage.call(["run", "greet.sh"])).toMatchObject({
      code: 70,
      err: expect.stringContaining("nothing here"),
    });
    await stage.write("flake.nix", "{ outputs = _: {");
    expect(await stage.call(["run", "greet.sh"])).toMatchObject({
      code: 70,
      err: expect.stringMatching(/work\/flake\.nix: error: syntax error/u),
    });
  });

  test("that it does not have is named with those that it has", async () => {
    expect(await stage.call(["run", "--env", "nope", "greet.sh"])).toMatchObject({
      code: 78,
      err: expect.stringMatching(/"nope".*has bad, default, hook for/u),
    });
  });

  test("in a repository is the tracked one, from any folder below", async () => {
    await execa("git", ["init", "--quiet", "."], { cwd: stage.work });
    expect(await stage.call(["run", "greet.sh"])).toMatchObject({
      code: 70,
      err: expect.stringContaining("only what git tracks: git add"),
    });
    await execa("git", ["add", "."], { cwd: stage.work });
    await mkdir(join(stage.work, "deep/down"), { recursive: true });
    await stage.write("deep/down/x.sh", "greet\n");
    const said = await stage.call(["run", "deep/down/x.sh"]);
    expect(said).toMatchObject({ code: 0, out: "greetings\n" });
    await stage.write("tools.nix", tools("salutations"));
    expect((await stage.call(["run", "deep/down/x.sh"])).out).toBe("salutations\n");
  });

  test("is interrupted by Ctrl-C while it is made, and nothing has run", async () => {
    await stage.write("bad.nix", shell(`X = ${builder("sleep 300")};`));
    const terminal = await stage.terminal(["run", "--env", "bad", "greet.sh"]);
    await terminal.until("making the environment");
    await terminal.keys("C-c");
    await terminal.until("[ended 130]");
    expect(await stage.runs("--all")).toEqual([]);
  });

  test("of a run that goes on is still there after a garbage collection and a change", async () => {
    await stage.write("long.sh", "while [ ! -e go ]; do sleep 0.1; done; greet\n");
    await stage.call(["run", "-d", "long.sh"]);
    await stage.write("tools.nix", tools("salutations"));
    await stage.call(["run", "greet.sh"]);
    await stage.callOther("nix-store", "--gc", "--quiet");
    await stage.write("go", "");
    await eventually(
      () => stage.run("long.1"),
      ({ state }) => state === "ended",
    );
    expect((await stage.call(["logs", "long"])).out).toBe("greetings\n");
  });
});
