/** References, pins and variables that Nix gives or takes. */
import { describe, expect, test } from "vitest";
import { devEnvOf, mergeVariables, PrintedDevEnv } from "./dev-env.ts";
import { evaluatedFile, pathsInProject } from "./evaluated-files.ts";
import { localFolderOf } from "./flake-ref.ts";
import { pinOfLock } from "./nixpkgs-pin.ts";

test.each([
  ["", "."],
  [".", "."],
  ["./sub", "./sub"],
  ["..", ".."],
  ["/abs/x", "/abs/x"],
  ["path:./a%20b", "./a b"],
  ["git+file:///p?dir=s", "/p"],
  ["github:NixOS/nixpkgs", undefined],
  ["nixpkgs", undefined],
  ["https://example.org/x.tar.gz", undefined],
  [".hidden", undefined],
])("the folder of %j is %j", (reference, folder) => {
  expect(localFolderOf(reference)).toBe(folder);
});

describe("a flake.lock", () => {
  test.each([
    [
      { type: "github", owner: "NixOS", repo: "nixpkgs", rev: "abc", narHash: "sha256-x+/=" },
      "github:NixOS/nixpkgs/abc?narHash=sha256-x%2B%2F%3D",
    ],
    [
      { type: "tarball", url: "https://e.org/n.tar.xz", narHash: "sha256-y" },
      "https://e.org/n.tar.xz?narHash=sha256-y",
    ],
    [{ type: "git", url: "https://e.org/n", rev: "abc", narHash: "h" }, "git+https://e.org/n?rev=abc"],
    [{ type: "path", path: "/n", narHash: "sha256-z" }, "path:/n?narHash=sha256-z"],
  ])("pins %j", (locked, reference) => {
    expect(pinOfLock(lock(locked), "/p/flake.lock")?.reference).toBe(reference);
  });
  test.each([
    lock({ type: "github", owner: "NixOS" }),
    lock({ type: "path", path: "../n" }),
    lock({ type: "__proto__" }),
    lock({ type: "github", owner: "a", repo: "b", rev: "c" }, { nixpkgs: ["other", "nixpkgs"] }),
    lock({ type: "github", owner: "a", repo: "b", rev: "c" }, {}),
    "{}",
    "",
    "{",
  ])("pins nothing: %j", (text) => {
    expect(pinOfLock(text, "/p/flake.lock")).toBeUndefined();
  });
});

describe("variables of an environment", () => {
  const printed = PrintedDevEnv.parse({
    bashFunctions: {},
    variables: {
      PATH: { type: "exported", value: "/nix/store/a/bin" },
      XDG_DATA_DIRS: { type: "exported", value: "/nix/store/a/share" },
      GREETING: { type: "exported", value: "hello\nyou" },
      HOME: { type: "exported", value: "/homeless-shelter" },
      TMPDIR: { type: "exported", value: "/build" },
      SSL_CERT_FILE: { type: "exported", value: "/no-cert-file.crt" },
      NIX_SSL_CERT_FILE: { type: "exported", value: "/etc/ssl/own.crt" },
      BASH: { type: "var", value: "/nix/store/b/bin/bash" },
      list: { type: "array", value: ["a"] },
      map: { type: "associative", value: { a: "b" } },
      shellHook: { type: "exported", value: " \n" },
    },
  });
  test("are those that are exported and not of the build", () => {
    expect(devEnvOf(printed)).toEqual({
      variables: {
        PATH: "/nix/store/a/bin",
        XDG_DATA_DIRS: "/nix/store/a/share",
        GREETING: "hello\nyou",
        NIX_SSL_CERT_FILE: "/etc/ssl/own.crt",
        shellHook: " \n",
      },
      hasHook: false,
      bash: "/nix/store/b/bin/bash",
    });
  });
  test("with a hook are entered through bash", () => {
    const variables = { ...printed.variables, shellHook: { type: "var", value: "echo" } as const };
    expect(devEnvOf({ variables }).hasHook).toBe(true);
  });
  test("come before the caller's own", () => {
    const own = { PATH: "/bin", GREETING: "old", KEPT: "1", GONE: undefined };
    expect(mergeVariables(own, devEnvOf(printed).variables)).toMatchObject({
      PATH: "/nix/store/a/bin:/bin",
      XDG_DATA_DIRS: "/nix/store/a/share",
      GREETING: "hello\nyou",
      KEPT: "1",
    });
    expect(mergeVariables(own, {})).toEqual({ PATH: "/bin", GREETING: "old", KEPT: "1" });
    expect(mergeVariables({}, { PATH: "/a" })).toEqual({ PATH: "/a" });
  });
});

test.each([
  ["evaluating file '/p/shell.nix'", "/p/shell.nix", ["/p/shell.nix"]],
  [
    "evaluating file '/nix/store/abc-source/nix/dev.nix'",
    "/nix/store/abc-source/nix/dev.nix",
    ["/p/nix/dev.nix"],
  ],
  ["evaluating file '«github:a/b/c»/flake.nix'", "«github:a/b/c»/flake.nix", ["/p/flake.nix"]],
  ["evaluating file '<nix/derivation-internal.nix>'", "<nix/derivation-internal.nix>", []],
  ["evaluating derivation 'x'", undefined, []],
])("%j is %j", (message, file, paths) => {
  expect(evaluatedFile(message)).toBe(file);
  expect(pathsInProject(file ?? "", "/p")).toEqual(paths);
});

function lock(locked: unknown, inputs: unknown = { nixpkgs: "n_2" }): string {
  return JSON.stringify({ version: 7, root: "root", nodes: { root: { inputs }, n_2: { locked } } });
}
