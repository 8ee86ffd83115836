/** Bad input: what is said, the exit code, and that nothing was sent. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandTable, completionEntry } from "./command-table.ts";
import { useOperator } from "../test/fixture/use-operator.ts";

const path = "/nix/store/5q2wz4r1d3gkz8m0j7p9v6n4b1c8x2ha-nixos-system-n1";
const { operator, outcome, refusal } = useOperator();

describe("what the operator types", () => {
  test("an unknown command names a near one and exits 64", async () => {
    expect(await outcome(["staus"])).toEqual(refusal(64, /unknown command 'staus'[\s\S]*status/u));
  });
  test("an unknown option is named", async () => {
    expect(await outcome(["status", "--wach"])).toEqual(refusal(64, /--wach[\s\S]*--watch/u));
  });
  test("a malformed store path is quoted with what one looks like", async () => {
    expect(await outcome(["publish", "n1=/nix/store/short"])).toEqual(
      refusal(65, /n1=\/nix\/store\/short.*32 base-32/u),
    );
  });
  test("a path outside the store is no store path", async () => {
    expect(await outcome(["publish", `n1=${path}/../../etc`])).toEqual(refusal(65, /store path/u));
  });
  test("a malformed node name is quoted", async () => {
    expect(await outcome(["publish", `N1!=${path}`])).toEqual(refusal(65, /"N1!=.*a node name has/u));
  });
  test("a node that is named twice is refused", async () => {
    expect(await outcome(["publish", `n1=${path}`, `n1=${path}`])).toEqual(refusal(65, /n1 is named twice/u));
  });
  test("an unregistered node is unknown before anything is pushed", async () => {
    expect(await outcome(["publish", `n9=${path}`])).toEqual(refusal(67, /n9.*node add/u));
  });
  test("a timeout that is no number names the option", async () => {
    expect(await outcome(["rollback", "--timeout", "soon"])).toEqual(
      refusal(64, /--timeout: a number of seconds/u),
    );
  });
  test("with --json a misspelt option is a document too", async () => {
    const { out, code } = await operator().call(["status", "--wach", "--json"]);
    expect({ code, document: JSON.parse(out) }).toMatchObject({ code: 64, document: { code: "usage" } });
  });
  test("with --json the error is a document too", async () => {
    const { out, code } = await operator().call(["publish", "n1=x", "--json"]);
    expect(code).toBe(65);
    expect(JSON.parse(out)).toMatchObject({ type: "error", code: "input-invalid" });
  });
  test("drift of a node that does not exist exits 67", async () => {
    expect(await outcome(["drift", "n9"])).toEqual(refusal(67, /no node n9/u));
  });
  test("a rollback without history says that there is none", async () => {
    expect(await outcome(["rollback"])).toEqual(refusal(66, /no head yet/u));
  });
});

describe("help", () => {
  test("shows a default as one would type it, and what there is to choose from", async () => {
    const { out } = await operator().call(["stop", "--help"]);
    expect(out).toContain("between SIGTERM and SIGKILL (default: 10)\n");
    const panic = await operator().call(["panic", "--help"]);
    expect(panic.out.replaceAll(/\s+/gu, " ")).toContain("(controller, nats, ssh)");
    expect(panic.out).not.toContain('""');
  });
  test("is what a misspelt call is sent to", async () => {
    expect(await outcome(["stop"])).toEqual(refusal(64, /^chimera: missing .*\n\(chimera stop --help/u));
  });
  test.each(["", ...commandTable.map(({ name }) => name), completionEntry.name])(
    "of chimera %s, and of what it has below, shows examples",
    async (name) => {
      for (const args of await withSubcommands(name === "" ? [] : [name])) {
        const { out, code } = await operator().call([...args, "--help"]);
        expect({ args, code, out }).toEqual({
          args,
          code: 0,
          out: expect.stringMatching(/\nExamples:\n +(?:source <\()?chimera /u),
        });
      }
    },
  );
});

async function withSubcommands(args: string[]): Promise<string[][]> {
  if (args.length === 0) return [args];
  const { out } = await operator().call([...args, "--help"]);
  const list = out.split("\nCommands:\n")[1]?.split("\n\n")[0] ?? "";
  const names = [...list.matchAll(/^ {2}([a-z]+)/gmu)].flatMap(([, name]) => name ?? []);
  return [args, ...names.filter((name) => name !== "help").map((name) => [...args, name])];
}

describe("deploy", () => {
  const two = '[nodes.n1]\ntags = ["canary"]\ninstallable = ".#n1"\n[nodes.n2]\ninstallable = ".#n2"\n';

  test("without any node says so", async () => {
    expect(await outcome(["deploy", "--file", await project("")])).toEqual(refusal(67, /there is no node/u));
  });
  test("a target that matches nothing is named, with what there is", async () => {
    const file = await project(two);
    expect(await outcome(["deploy", "--file", file, "-t", "n3"])).toEqual(
      refusal(67, /target "n3".*n1, n2/u),
    );
    expect(await outcome(["deploy", "--file", file, "-t", "@prod"])).toEqual(
      refusal(67, /"@prod".*@canary/u),
    );
    expect(await outcome(["deploy", "--file", file, "-t", "web-*", "n1"])).toEqual(refusal(67, /"web-\*"/u));
  });
  test("an unknown key of chimera.toml is named with its place", async () => {
    const file = await project('[nodes.n1]\ninstalable = ".#n1"\n');
    expect(await outcome(["deploy", "--file", file])).toEqual(
      refusal(78, /chimera\.toml: nodes\.n1: .*"instalable"/u),
    );
  });
  test("a flake that would be an option of Nix is refused", async () => {
    const file = await project('flake = "--option"\n');
    expect(await outcome(["deploy", "--file", file])).toEqual(refusal(78, /flake: .*no dash/u));
    expect(await outcome(["deploy", "--flake=--impure"])).toEqual(refusal(64, /--flake: .*no dash/u));
  });
  test("an installable that would be an option of Nix is refused", async () => {
    const file = await project('[nodes.n1]\ninstallable = "--option substituters http://evil"\n');
    expect(await outcome(["deploy", "--file", file])).toEqual(refusal(78, /installable "--option/u));
  });
  test("a registered project without nix says what is missing", async () => {
    operator().addNode("n1");
    const result = await operator().call(["deploy", "--file", await project(two), "-t", "n1", "--dry-run"], {
      env: { HOME: operator().home, PATH: "/nonexistent" },
    });
    expect(result).toMatchObject({ code: 69, err: expect.stringMatching(/no `nix` on PATH/u) });
    expect(operator().server.writes()).toEqual([]);
  });
});

async function project(text: string): Promise<string> {
  const file = join(operator().home, "chimera.toml");
  await writeFile(file, text);
  return file;
}
