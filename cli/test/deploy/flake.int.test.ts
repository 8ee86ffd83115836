/** A fleet whose systems come from a flake's nixosConfigurations, evaluated and built by real Nix. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOperator, type CalledResult, type TestOperator } from "../fixture/operator.ts";
import { nixOnPath } from "../fixture/nix-on-path.ts";

const system = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
const flake = `{ outputs = _: { nixosConfigurations = builtins.mapAttrs (name: script: {
  config.system.build.toplevel = derivation {
    name = "nixos-system-\${name}"; system = "${system}"; builder = "/bin/sh"; args = [ "-c" script ];
  };
}) { n1 = "echo n1 > $out"; n2 = "echo n2 > $out"; bad = "echo the last words; exit 3"; }; }; }`;

let operator: TestOperator;
let path: string | undefined;

beforeAll(async () => {
  operator = await createOperator();
  path = await nixOnPath(join(operator.home, "tool"));
  for (const name of ["n1", "n2", "bad"]) operator.addNode(name);
  await mkdir(join(operator.home, "run"));
  await mkdir(join(operator.home, "systems"));
  await writeFile(join(operator.home, "systems/flake.nix"), flake);
  await writeFile(
    join(operator.home, "chimera.toml"),
    'flake = "path:./systems"\n[nodes.n1]\ntags = ["canary"]\n',
  );
});
afterAll(() => operator.close());

function deploy(...args: string[]): Promise<CalledResult> {
  const env = { HOME: operator.home, PATH: path, XDG_RUNTIME_DIR: join(operator.home, "run") };
  return operator.call(["deploy", ...args], { env });
}

test("a tag of chimera.toml selects a node of the flake, and a dry run sends nothing", async () => {
  const { code, out, err } = await deploy("-t", "@canary", "--dry-run");
  expect(code, err).toBe(0);
  expect(out).toContain("nixos-system-n1");
  expect(out).not.toContain("nixos-system-n2");
  expect(operator.server.writes()).toEqual([]);
});

test("the flake's toplevels are what is published", async () => {
  const { code, err } = await deploy("-t", "n1", "-t", "n2", "--no-follow");
  expect(code, err).toBe(0);
  const world = operator.server.worlds.get(operator.server.heads[0]?.head.world ?? "");
  expect(world?.leaves.map(({ toplevel }) => toplevel.slice(44))).toEqual([
    "nixos-system-n1",
    "nixos-system-n2",
  ]);
});

test("a configuration that does not build stops all of them, with its last words", async () => {
  const heads = operator.server.heads.length;
  const { code, err } = await deploy();
  expect(code).toBe(70);
  expect(err).toMatch(/1 of 3 nodes did not build[\s\S]*bad: [\s\S]*the last words/u);
  expect(operator.server.heads.length).toBe(heads);
});

test("a node that the flake does not have is named", async () => {
  const { code, err } = await deploy("-t", "n9");
  expect(code).not.toBe(0);
  expect(err).toContain("n9");
});
