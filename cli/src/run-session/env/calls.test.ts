/** The words that Nix is called with: what only nixpkgs can answer is not run here, so the words themselves are looked at. */
import { expect, test } from "vitest";
import { programCall } from "./built-env.ts";
import { devEnvCall } from "./dev-env.ts";
import { entryWords } from "./prepare-environment.ts";
import { throughBash } from "./prepared.ts";
import { environmentBuild } from "./python-env.ts";

const pin = { reference: "github:NixOS/nixpkgs/abc?narHash=sha256-x", because: "flake.lock" };

test("a Python with packages is one build, every name in it as data", () => {
  const requirements = [
    { name: "requests", extras: ["socks"], versions: ">=2", url: null },
    { name: "rich", extras: [], versions: "", url: null },
  ];
  const given = { nixpkgs: pin.reference, system: "x86_64-linux", python: "python312" };
  expect(environmentBuild({ file: "/c/python.nix", outLink: "/c/result", requirements, given })).toEqual([
    "build",
    "--json",
    "--out-link",
    "/c/result",
    "--file",
    "/c/python.nix",
    "environment",
    "--argstr",
    "nixpkgs",
    "github:NixOS/nixpkgs/abc?narHash=sha256-x",
    "--argstr",
    "system",
    "x86_64-linux",
    "--argstr",
    "python",
    "python312",
    "--argstr",
    "packages",
    '[{"name":"requests","extras":["socks"]},{"name":"rich","extras":[]}]',
  ]);
});

test("an interpreter is one installable", () => {
  expect(programCall({ pin, attribute: "python3" }, "/c/result")).toEqual([
    "build",
    "--json",
    "--no-write-lock-file",
    "--out-link",
    "/c/result",
    "github:NixOS/nixpkgs/abc?narHash=sha256-x#python3",
  ]);
});

test("an environment of a flake or file is asked for with its profile", () => {
  const flake = {
    kind: "flake",
    reference: "git+file:///p",
    attribute: "devShells.x.default",
    folder: "/p",
  } as const;
  expect(devEnvCall(flake, "/c/profile")).toEqual([
    "print-dev-env",
    "--json",
    "--profile",
    "/c/profile",
    "--no-write-lock-file",
    "git+file:///p#devShells.x.default",
  ]);
  expect(devEnvCall({ kind: "shell-nix", file: "/p/a b.nix" }, "/c/profile").slice(-2)).toEqual([
    "--file",
    "/p/a b.nix",
  ]);
});

test("devenv and devbox are entered by their own words", () => {
  expect(entryWords({ kind: "devenv", folder: "/p" })).toEqual(["devenv", "shell", "--"]);
  expect(entryWords({ kind: "devbox", folder: "/p q" })).toEqual(["devbox", "run", "--config", "/p q", "--"]);
});

test("a hook is run by bash with a text of our own: what comes in from outside are words behind it", () => {
  expect(throughBash("/bin/bash", "/c/enter.sh")).toEqual([
    "/bin/bash",
    "--noprofile",
    "--norc",
    "-c",
    'source "$1"; shift; exec "$@"',
    "chimera",
    "/c/enter.sh",
  ]);
});
