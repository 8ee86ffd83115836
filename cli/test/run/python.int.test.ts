/**
 * Python packages and interpreters out of a nixpkgs. No nixpkgs is on this machine: a flake of bare derivations with the same
 * attributes stands where it would be, so what runs is real Nix and our own question, not nixpkgs' answer.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createNixHome, system, type NixHome, type NixStage } from "../fixture/nix-stage.ts";
import type { Said } from "../fixture/run-stage.ts";

const nixpkgs = `{ outputs = _:
let
  program = name: file: text: derivation {
    inherit name file text; system = "${system}"; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
    passAsFile = [ "text" ];
    args = [ "-c" "mkdir -p $out/bin; cp $textPath $out/bin/$file; chmod +x $out/bin/$file" ];
  };
  package = name: version: { inherit name version; optional-dependencies.socks = [ (package "pysocks" "1.7") ]; };
  python = version: names: {
    inherit version;
    pkgs = builtins.mapAttrs package names // { gone = throw "gone was removed"; odd = package "odd" "0-unstable-2026-01-01"; };
    withPackages = choose: program "python3-env" "python3" ''
      #!/bin/sh
      echo "\${version}: \${toString (map (one: one.name + "=" + one.version) (choose (builtins.mapAttrs package names)))}" "$@"
    '';
  };
in
{
  legacyPackages.${system} = {
    python3 = python "3.12.4" { requests = "2.32.3"; rich = "13.7.1"; idna = "3.10"; };
    python311 = python "3.11.9" { requests = "2.31.0"; };
    python310 = throw "python310 was removed";
    nodejs = program "nodejs" "node" ''
      #!/bin/sh
      echo node "$@"
    '';
    bash = throw "no bash today";
  };
}; }`;

let nix: NixHome;
let stage: NixStage;

beforeAll(async () => {
  nix = await createNixHome();
});
afterAll(() => nix.end());
beforeEach(async () => {
  stage = await nix.stage();
  await mkdir(join(stage.home, "nixpkgs"));
  await writeFile(join(stage.home, "nixpkgs/flake.nix"), nixpkgs);
  await stage.write("chimera.toml", '[run]\nnixpkgs = "path:../nixpkgs"\n');
});
afterEach(() => stage.end());

function lock(idna: string): string {
  return `version = 1\n[[package]]\nname = "requests"\nversion = "2.32.3"\ndependencies = [{ name = "idna" }]\n[[package]]\nname = "idna"\nversion = "${idna}"\n`;
}

function block(...lines: string[]): string {
  return ["# /// script", ...lines.map((line) => `# ${line}`), "# ///", "print()", ""].join("\n");
}

const refusal = (message: RegExp): Partial<Said> => ({ code: 70, err: expect.stringMatching(message) });

describe("a block of PEP 723", () => {
  test("gets the packages of nixpkgs, with their extras, and no venv", async () => {
    await stage.write(
      "job.py",
      block('dependencies = ["Requests[socks]>=2,<3", "rich", "tomli; python_version < \'3.11\'"]'),
    );
    const said = await stage.call(["run", "job.py", "a b"]);
    expect(said, said.err).toMatchObject({
      code: 0,
      out: "3.12.4: requests=2.32.3 pysocks=1.7 rich=13.7.1 job.py a b\n",
    });
    expect(await stage.call(["run", "job.py"])).toEqual({
      code: 0,
      out: "3.12.4: requests=2.32.3 pysocks=1.7 rich=13.7.1 job.py\n",
      err: "",
    });
  });

  test("gets another Python where it asks for one", async () => {
    await stage.write("job.py", block('requires-python = "<3.12"', 'dependencies = ["requests"]'));
    expect((await stage.call(["run", "job.py"])).out).toBe("3.11.9: requests=2.31.0 job.py\n");
    await stage.write("job.py", block('requires-python = ">=3.14"'));
    expect(await stage.call(["run", "job.py"])).toMatchObject(
      refusal(/requires Python >=3\.14.*has 3\.12\.4, 3\.11\.9/u),
    );
  });

  test.each([
    ['"requests<2.32"', /requests is wanted <2\.32, and nixpkgs has 2\.32\.3.*--loose/u],
    ['"flask"', /nixpkgs has no flask/u],
    ['"gone"', /nixpkgs has no gone/u],
    ['"odd>=1"', /odd is wanted >=1, and nixpkgs has 0-unstable/u],
    ['"pip @ https://example.org/pip.whl"', /is to come from an address/u],
  ])("that wants %s is refused with what there is", async (dependency, message) => {
    await stage.write("job.py", block(`dependencies = [${dependency}]`));
    expect(await stage.call(["run", "job.py"])).toMatchObject(refusal(message));
    expect(await stage.runs("--all")).toEqual([]);
  });

  test("takes with --loose what is there, but not what is not", async () => {
    await stage.write("job.py", block('requires-python = ">=4"', 'dependencies = ["requests<2"]'));
    expect((await stage.call(["run", "--loose", "job.py"])).out).toBe("3.12.4: requests=2.32.3 job.py\n");
    await stage.write("job.py", block('dependencies = ["flask"]'));
    expect(await stage.call(["run", "--loose", "job.py"])).toMatchObject(refusal(/no flask/u));
  });

  test("that is no requirement is no Nix code either", async () => {
    await stage.write("job.py", block('dependencies = ["a\\" ]); builtins.readFile \\"/etc/passwd"]'));
    expect(await stage.call(["run", "job.py"])).toMatchObject({
      code: 65,
      err: expect.stringContaining("no requirement as PEP 508"),
    });
  });

  test("with uv's lock is wanted in its versions, below too", async () => {
    await stage.write("job.py", block('dependencies = ["requests"]'));
    await stage.write("job.py.lock", lock("3.10"));
    expect((await stage.call(["run", "job.py"])).out).toBe("3.12.4: requests=2.32.3 job.py\n");
    await stage.write("job.py.lock", lock("3.7"));
    expect(await stage.call(["run", "job.py"])).toMatchObject(
      refusal(/idna is wanted ==3\.7, and nixpkgs has 3\.10/u),
    );
    expect((await stage.call(["run", "--loose", "job.py"])).code).toBe(0);
    await stage.write("job.py.lock", "version = 99\n");
    expect(await stage.call(["run", "job.py"])).toMatchObject({
      code: 65,
      err: expect.stringContaining("version 99"),
    });
  });
});

describe("pyproject.toml", () => {
  test("gives a script of its folder the packages of the project", async () => {
    await stage.write(
      "pyproject.toml",
      '[project]\nname = "x"\nrequires-python = ">=3.11"\ndependencies = ["rich>=13"]\n',
    );
    await stage.write("job.py", "print()\n");
    expect((await stage.call(["run", "job.py"])).out).toBe("3.12.4: rich=13.7.1 job.py\n");
    expect((await stage.call(["run", "--", "python3", "-m", "x"])).out).toBe("3.12.4: rich=13.7.1 -m x\n");
  });
});

describe("an interpreter", () => {
  test("comes from the nixpkgs that is pinned", async () => {
    await stage.write("job.mjs", "0\n");
    expect((await stage.call(["run", "job.mjs", "x"])).out).toBe("node job.mjs x\n");
    const said = await stage.call(["run", "--explain", "--json", "job.mjs"]);
    expect(JSON.parse(said.out)).toMatchObject({
      environment: { kind: "program", store: expect.stringMatching(/^\/nix\/store\/.*-nodejs$/u) },
      because: expect.stringMatching(/job\.mjs is read by node; nixpkgs as \S*chimera\.toml says/u),
      madeBy: [
        "nix",
        "build",
        "--json",
        "--no-write-lock-file",
        "--out-link",
        expect.any(String),
        `path:${stage.home}/nixpkgs#nodejs`,
      ],
      command: ["node", "job.mjs"],
    });
  });

  test("that does not build says why", async () => {
    await stage.write("job.sh", "true\n");
    expect(await stage.call(["run", "job.sh"])).toMatchObject(refusal(/no bash today/u));
  });
});
