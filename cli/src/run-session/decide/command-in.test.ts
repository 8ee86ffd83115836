/** The exact words that are run, and what Python projects need. */
import { describe, expect, test } from "vitest";
import {
  around,
  block,
  decided,
  folder,
  has,
  pin,
  project,
  python,
  script,
} from "../../../test/fixture/run-surroundings.ts";
import { decideEnvironment } from "./decide-environment.ts";
import type { ScriptFacts, Surroundings } from "./surroundings.ts";

describe("the words that are run", () => {
  const flake = { folders: [folder("/p", "flake.nix")], flakes: has({ shells: ["default"] }) };
  const noNix = { noNix: true };
  test.each<[string, Partial<Surroundings>, readonly string[]]>([
    ["a command as it is", {}, ["make", "-k", "a b"]],
    [
      "an interpreter by name in an environment",
      { ...flake, script: script("#!/usr/bin/python3 -u\n") },
      ["python3", "-u", "job.py", "-k", "a b"],
    ],
    [
      "its own interpreter without one",
      { ...noNix, script: script("#!/opt/x/tool\n") },
      ["/opt/x/tool", "job.py", "-k", "a b"],
    ],
    [
      "by name where its own is missing",
      { ...noNix, script: script("#!/opt/x/tool\n", { hasInterpreter: false }) },
      ["tool", "job.py", "-k", "a b"],
    ],
    [
      "through env by name",
      { ...noNix, script: script("#!/usr/bin/env -S node --x\n") },
      ["node", "--x", "job.py", "-k", "a b"],
    ],
    ["by extension", { ...noNix, script: script("x", { path: "a.mjs" }) }, ["node", "a.mjs", "-k", "a b"]],
    [
      "Python for a block, whatever the first line says",
      { script: script(`#!/usr/bin/env -S uv run --script\n${block}`) },
      ["python3", "job.py", "-k", "a b"],
    ],
    [
      "nix-shell for its own scripts",
      { script: script("#!/usr/bin/env nix-shell\n#! nix-shell -p x\n") },
      ["nix-shell", "job.py", "-k", "a b"],
    ],
    [
      "a program as it is",
      { ...flake, script: script("", { path: "tool", isText: false, isExecutable: true }) },
      ["./tool", "-k", "a b"],
    ],
    [
      "what only env understands as it is",
      { ...noNix, script: script("#!/usr/bin/env -i sh\n", { path: "d/x", isExecutable: true }) },
      ["d/x", "-k", "a b"],
    ],
  ])("%s", (_, changes, words) => {
    expect(decided(changes).command).toEqual(words);
  });
  test.each<[string, ScriptFacts, RegExp]>([
    [
      "a program without its bit",
      script("", { path: "tool", isText: false }),
      /tool is not executable: chmod \+x tool/u,
    ],
    [
      "text that nobody reads",
      script("hello", { path: "notes" }),
      /nobody knows what reads notes.*chimera run -- PROGRAM notes/u,
    ],
    ["env's own line without the bit", script("#!/usr/bin/env -i sh\n", { path: "x" }), /not executable/u],
    ["an empty file", script("", { path: "empty" }), /nobody knows/u],
  ])("%s is refused", (_, facts, message) => {
    expect(decideEnvironment(around({ noNix: true, script: facts }))).toMatchObject({
      kind: "refused",
      message: expect.stringMatching(message),
    });
  });
});

describe("Python", () => {
  test("a block that is broken is refused, not ignored", () => {
    expect(decideEnvironment(around({ script: script(`${block}\n${block}`) }))).toMatchObject({
      kind: "refused",
      code: "input-invalid",
      message: expect.stringMatching(/^job\.py: it has more than one/u),
    });
  });
  test("uv's lock comes with it", () => {
    expect(decided({ script: script(block, { lock: "version = 1" }) })).toMatchObject({
      environment: { packages: { dependencies: ["rich"], lock: "version = 1", from: "job.py" }, pin },
      because: expect.stringMatching(/versions of job\.py\.lock/u),
    });
  });
  const folders = [folder("/p", "pyproject.toml")];
  test("pyproject.toml counts for Python and for what its packages bring, for nothing else", () => {
    expect(decided({ folders, project, words: ["pytest"] }).environment.kind).toBe("python");
    expect(decided({ folders, project, words: ["python3", "-m", "x"] }).environment.kind).toBe("python");
    expect(decided({ folders, project, words: ["make"] }).environment.kind).toBe("none");
    expect(decided({ folders, project, script: script("x", { path: "a.sh" }) }).environment.kind).toBe(
      "program",
    );
  });
  test.each<[string, Partial<typeof project>, RegExp]>([
    ["Poetry's own table", { text: "[tool.poetry]\n" }, /Poetry's own/u],
    ["Poetry's lock", { text: "[project]\nname = 'x'\n", hasPoetryLock: true }, /Poetry's own/u],
    ["dynamic ones", { text: "[project]\ndynamic = ['dependencies']\n" }, /dynamic/u],
    ["no TOML", { text: "[" }, /TOML/u],
  ])("dependencies that cannot be read are refused: %s", (_, changes, message) => {
    const verdict = decideEnvironment(
      around({ folders, project: { ...project, ...changes }, script: script(python) }),
    );
    expect(verdict).toMatchObject({ kind: "refused", message: expect.stringMatching(message) });
  });
  test("a project without dependencies needs Python and nothing else", () => {
    expect(
      decided({ folders, project: { ...project, text: "[project]\nname = 'x'\n" }, script: script(python) }),
    ).toMatchObject({
      environment: { kind: "python", packages: { dependencies: [] } },
    });
  });
});
