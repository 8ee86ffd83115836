/** Which environment real Nix is asked for: by file, by flag, by chimera.toml, by the script itself, or none. */
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createNixHome, flake, shell, tools, type NixHome, type NixStage } from "../fixture/nix-stage.ts";
import { createRunStage } from "../fixture/run-stage.ts";

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

describe("other environments", () => {
  test("shell.nix, when there is no flake or none of its shells fits", async () => {
    await stage.write("shell.nix", shell('GREETING = "shell";'));
    expect((await stage.call(["run", "greet.sh"])).out).toBe("greetings\nshell|impure|\n");
    await stage.write("flake.nix", flake("other = import ./shell.nix;"));
    expect((await stage.call(["run", "greet.sh"])).out).toBe("greetings\nshell|impure|\n");
    expect((await stage.call(["run", "--explain", "greet.sh"])).out).toMatch(
      /passed over +\S*flake\.nix has no devShells/u,
    );
  });

  test("a file, a flake elsewhere, or none, by --env", async () => {
    await mkdir(join(stage.work, "else where"));
    await stage.write("else where/tools.nix", tools("elsewhere"));
    await stage.write("else where/env.nix", shell('GREETING = "file";'));
    await stage.write(
      "else where/flake.nix",
      flake('default = import ./env.nix; "odd.name" = import ./env.nix;'),
    );
    expect((await stage.call(["run", "--env", "./else where/env.nix", "greet.sh"])).out).toBe(
      "elsewhere\nfile|impure|\n",
    );
    expect((await stage.call(["run", "--env", "path:./else%20where", "greet.sh"])).out).toBe(
      "elsewhere\nfile|impure|\n",
    );
    expect((await stage.call(["run", "--env", "none", "greet.sh"])).out).toBe("||\n");
    expect(await stage.call(["run", "--env", "./nowhere.nix", "greet.sh"])).toMatchObject({ code: 70 });
  });

  test("what chimera.toml says for a script, which the flag overrules", async () => {
    await stage.write("env.nix", shell('GREETING = "mapped";'));
    await stage.write("chimera.toml", '[run.scripts]\n"*.sh" = "./env.nix"\n');
    expect((await stage.call(["run", "greet.sh"])).out).toBe("greetings\nmapped|impure|\n");
    expect((await stage.call(["run", "--env", "none", "greet.sh"])).out).toBe("||\n");
    expect((await stage.call(["run", "--explain", "greet.sh"])).out).toMatch(
      /because +run\.scripts\."\*\.sh" of \S*chimera\.toml/u,
    );
    await stage.write("chimera.toml", "[run]\nscript = 1\n");
    expect(await stage.call(["run", "greet.sh"])).toMatchObject({
      code: 78,
      err: expect.stringMatching(/chimera\.toml: run: .*"script"/u),
    });
  });

  test.runIf(process.getuid?.() === 0)("nothing that another user has laid there", async () => {
    await stage.write("shell.nix", shell('GREETING = "theirs";'));
    await stage.write("chimera.toml", '[run.scripts]\n"*.sh" = "./shell.nix"\n');
    for (const name of ["shell.nix", "chimera.toml"]) await chown(join(stage.work, name), 12_345, 0);
    const said = await stage.call(["run", "--explain", "greet.sh"]);
    expect(said.err).toMatch(/chimera\.toml is not read: it belongs to user 12345/u);
    expect(said.out).toMatch(
      /passed over +\S*shell\.nix belongs to user 12345, who is neither you nor root/u,
    );
    expect(said.out).not.toMatch(/environment +\S*shell\.nix/u);
  });

  test("a script that calls nix-shell or nix itself", async () => {
    await stage.write("shell.nix", shell('GREETING = "own";'));
    await stage.script(
      "own.sh",
      '#!/usr/bin/env nix-shell\n#! nix-shell -i bash shell.nix\necho "$GREETING $1"\n',
    );
    const said = await stage.call(["run", "own.sh", "a b"]);
    expect(said, said.err).toMatchObject({ code: 0, out: "own a b\n" });
    await stage.write("flake.nix", flake("default = import ./shell.nix;"));
    await stage.script(
      "new.sh",
      '#!/usr/bin/env nix\n#! nix develop path:. --command bash\ngreet; echo "$GREETING $1"\n',
    );
    expect((await stage.call(["run", "new.sh", "a b"])).out).toBe("greetings\nown a b\n");
  });

  test("without Nix it is said, and --no-nix runs it", async () => {
    await stage.write("shell.nix", shell(""));
    const bare = await createRunStage();
    await writeFile(join(bare.work, "shell.nix"), shell(""));
    await writeFile(join(bare.work, "x.sh"), "echo plain\n");
    const path = await mkdir(join(bare.home, "bin"), { recursive: true });
    await bare.script("../bin/bash", '#!/bin/sh\nexec /bin/bash "$@"\n');
    const without = await createRunStage(() => ["env", `PATH=${path}`]);
    await writeFile(join(without.work, "shell.nix"), shell(""));
    await writeFile(join(without.work, "x.sh"), "echo plain\n");
    expect(await without.call(["run", "x.sh"])).toMatchObject({
      code: 69,
      err: expect.stringMatching(/no `nix` on PATH.*--no-nix/u),
    });
    expect(await without.call(["run", "--no-nix", "x.sh"])).toEqual({ code: 0, out: "plain\n", err: "" });
    await Promise.all([bare.end(), without.end()]);
  });
});
