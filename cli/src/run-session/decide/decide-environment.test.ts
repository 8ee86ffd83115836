/** The decision, step by step: which one wins, and what was passed over. */
import { describe, expect, test } from "vitest";
import {
  around,
  block,
  decided,
  folder,
  has,
  project,
  python,
  script,
} from "../../../test/fixture/run-surroundings.ts";
import { decideEnvironment } from "./decide-environment.ts";
import type { Marker, Surroundings } from "./surroundings.ts";

const everything = [folder("/p", "devenv.nix", "devbox.json", "flake.nix", "shell.nix", "pyproject.toml")];

describe("the order", () => {
  const all = {
    script: script(python + block),
    folders: everything,
    project,
    flakes: has({ shells: ["default"] }),
  };
  test.each<[string, Partial<Surroundings>, string]>([
    ["--no-nix", { ...all, noNix: true, wanted: { what: { kind: "none" }, because: "x" } }, "none"],
    [
      "what is asked for",
      { ...all, wanted: { what: { kind: "file", path: "/x.nix" }, because: "--env" } },
      "shell-nix",
    ],
    ["a first line of Nix", { ...all, script: script("#!/usr/bin/env nix-shell\n" + block) }, "nix-script"],
    ["a block of PEP 723", all, "python"],
    ["devenv", { ...all, script: script(python) }, "devenv"],
    ["devbox", { ...all, script: script(python), tools: new Set(["nix", "devbox"]) }, "devbox"],
    ["a flake", { ...all, script: script(python), tools: new Set(["nix"]) }, "flake"],
    ["shell.nix", { ...all, script: script(python), tools: new Set(["nix"]), flakes: has({}) }, "shell-nix"],
    [
      "pyproject.toml",
      { script: script(python), folders: [folder("/p", "pyproject.toml")], project },
      "python",
    ],
    ["the interpreter", { script: script(python) }, "program"],
    ["nothing, for a command", {}, "none"],
  ])("%s", (_, changes, kind) => {
    expect(decided(changes).environment.kind).toBe(kind);
  });
});

describe("what was there and does not count", () => {
  test("is named with its reason", () => {
    const { passedOver, environment } = decided({
      script: script(python),
      folders: [folder("/p", "devenv.nix", "flake.nix", "shell.nix")],
      tools: new Set(["nix"]),
      flakes: has({}),
    });
    expect(environment).toEqual({ kind: "shell-nix", file: "/p/shell.nix" });
    expect(passedOver).toEqual([
      "/p/devenv.nix: there is no `devenv` on PATH",
      "/p/flake.nix has no devShells.x86_64-linux.default and no packages.x86_64-linux.default",
    ]);
  });
  test("somebody else's flake is passed over", () => {
    const note = "/p/flake.nix belongs to user 7";
    const distrusted = new Map<Marker, string>([["flake.nix", note]]);
    const { environment, passedOver } = decided({ folders: [{ path: "/p", files: new Set(), distrusted }] });
    expect({ environment, passedOver }).toEqual({ environment: { kind: "none" }, passedOver: [note] });
  });
});

describe("a flake", () => {
  const folders = [folder("/p/sub"), folder("/p", "flake.nix")];
  test("is asked first, and only where Nix is there", () => {
    expect(decideEnvironment(around({ folders }))).toEqual({ kind: "ask-flake", folder: "/p" });
    expect(decideEnvironment(around({ folders, tools: new Set() }))).toMatchObject({
      kind: "refused",
      code: "tool-missing",
      message: expect.stringMatching(/no `nix` on PATH.*--no-nix/u),
    });
  });
  test("gives its devShell, else its package", () => {
    const reference = "git+file:///p";
    expect(
      decided({ folders, flakes: has({ shells: ["ops", "default"], hasPackage: true }) }).environment,
    ).toEqual({
      kind: "flake",
      reference,
      attribute: "devShells.x86_64-linux.default",
      folder: "/p",
    });
    expect(
      decided({ folders, flakes: has({ shells: ["ops"], hasPackage: true }) }).environment,
    ).toMatchObject({
      attribute: "packages.x86_64-linux.default",
    });
  });
  test("below the root of a repository, or in none, is named as Nix names it", () => {
    const near = [folder("/p/s u", "flake.nix")];
    const flakes = new Map([["/p/s u", { shells: ["default"], hasPackage: false }]]);
    expect(decided({ folders: near, flakes }).environment).toMatchObject({
      reference: "git+file:///p?dir=s%20u",
    });
    expect(decided({ folders: near, flakes, repository: null }).environment).toMatchObject({
      reference: "path:/p/s%20u",
    });
  });
  test("has the shell that --env names, or says which it has", () => {
    const wanted = { what: { kind: "shell", name: "ops" }, because: "--env ops" } as const;
    expect(decideEnvironment(around({ folders, wanted }))).toEqual({ kind: "ask-flake", folder: "/p" });
    expect(decided({ folders, wanted, flakes: has({ shells: ["ops"] }) }).environment).toMatchObject({
      attribute: "devShells.x86_64-linux.ops",
    });
    expect(decideEnvironment(around({ folders, wanted, flakes: has({ shells: ["b", "a"] }) }))).toMatchObject(
      {
        kind: "refused",
        message: expect.stringMatching(/--env ops.*has a, b for x86_64-linux/u),
      },
    );
    expect(decideEnvironment(around({ wanted }))).toMatchObject({
      message: expect.stringMatching(/there is no flake\.nix/u),
    });
  });
});

test("an interpreter that nixpkgs is not known to have is run as it is", () => {
  const verdict = decided({ script: script("#!/opt/acme/bin/foo\n", { path: "x.foo" }) });
  expect(verdict.environment.kind).toBe("none");
  expect(verdict.command[0]).toBe("/opt/acme/bin/foo");
  expect(verdict.passedOver).toEqual(["foo: which package of nixpkgs has it is not known"]);
});

test.each([
  ["nix", { script: script(python) }],
  ["nix-shell", { script: script("#!/usr/bin/env nix-shell\n") }],
  ["nix", { script: script(block) }],
  ["nix", { wanted: { what: { kind: "file", path: "/x.nix" }, because: "--env" } }],
] as const)("without %s it says so and offers --no-nix", (tool, changes) => {
  expect(decideEnvironment(around({ ...changes, tools: new Set() }))).toMatchObject({
    kind: "refused",
    code: "tool-missing",
    message: expect.stringMatching(new RegExp(`no \`${tool}\` on PATH.*chimera run --no-nix`, "u")),
  });
});
