/** flake.nix and package.nix on nixpkgs' own lib (CHIMERA_NIXPKGS_LIB), with stand-ins for its packages: nothing is built here. */
import { describe, expect, test } from "vitest";
import { evaluateWithLib, nixpkgsLib } from "./evaluate.ts";

const flake = (attribute: string) => evaluateWithLib("tests/flake.nix", attribute);

describe.skipIf(nixpkgsLib === undefined)("the flake on nixpkgs' lib (CHIMERA_NIXPKGS_LIB)", () => {
  test("it follows nixpkgs and nothing else", async () => {
    expect((await flake("inputs")).value).toEqual(["nixpkgs"]);
  });

  test("it offers modules, packages, programs, checks, a shell and mkFleet for both systems", async () => {
    const systems = ["aarch64-linux", "x86_64-linux"];
    expect((await flake("outputs")).value).toEqual({
      apps: systems,
      checks: systems,
      devShells: systems,
      lib: ["mkFleet"],
      nixosModules: ["agent", "controller", "default"],
      packages: systems,
    });
    expect((await flake("perSystem")).value).toEqual({
      apps: ["agent", "controller", "default"],
      checks: ["modules", "package"],
      packages: ["chimera", "default"],
    });
  });

  test("a machine that only imports a module gets the flake's own package", async () => {
    const { value, error } = await flake("modulePackage");
    expect(value, error).toBe((await flake("recordedHash")).value);
  });

  test("npm runs no script, is asked for the target's platform, and for the registry it is configured with", async () => {
    const { value, error } = await flake("package");
    expect(value, error).toMatchObject({
      pname: "chimera",
      buildPhase: expect.stringMatching(/npm ci --ignore-scripts .*--os=linux --cpu=arm64 --libc=glibc/),
      impureEnvVars: expect.arrayContaining(["npm_config_registry"]),
    });
    expect(value).not.toHaveProperty("buildPhase", expect.stringMatching(/https?:|--registry/));
  });

  test.each([
    ["oldNode", "Node 24.11.1 is older than 24.12"],
    ["otherSystem", "nix/npm-deps.json has no hash for riscv64-linux"],
  ])("refuses %s in words", async (attribute, message) => {
    const { value, error } = await flake(attribute);
    expect(value).toBeUndefined();
    expect(error).toContain(message);
  });
});
