import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "./bundle.ts";

const root = resolve(import.meta.dirname, "..");
let folder = "";
let programs: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chimera-bundle-"));
  programs = await bundle({ outdir: join(folder, "first"), version: "7.8.9-try" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("there is a file and a folder a program and Node takes each file as a module", async () => {
  expect(programs.map((path) => path.slice(folder.length)).toSorted()).toEqual([
    "/first/agent.mjs",
    "/first/chimera.mjs",
    "/first/controller.mjs",
  ]);
  const places = (await modulesOf("first")).map((path) => dirname(path).slice(folder.length));
  expect(new Set(places)).toEqual(new Set(["/first", "/first/agent", "/first/chimera", "/first/controller"]));
  for (const path of await modulesOf("first")) await execa(process.execPath, ["--check", path]);
});

test("a program loads of Node only what it uses: an import at the top would load it for every call", async () => {
  for (const path of await modulesOf("first")) {
    const text = await readFile(path, "utf8");
    const imports = [...text.matchAll(/(?:^|;)import\b[^("']*["']([^"']+)["']/gm)].map(([, name]) => name);
    expect(new Set(imports.filter((name) => name?.startsWith("./") === false))).toEqual(
      new Set(["node:module"]),
    );
  }
});

test.each([
  ["chimera", "--version"],
  ["controller", "--version"],
  ["agent", "version"],
])("%s runs where nothing is installed and knows the version it was built as", async (program, argument) => {
  const { stdout } = await execa(process.execPath, [join(folder, `first/${program}.mjs`), argument], {
    cwd: folder,
    extendEnv: false,
    env: { HOME: folder },
  });
  expect(stdout).toContain("7.8.9-try");
});

test("what is loaded late is found in its part: a package's names are on its default there", async () => {
  const agent = join(folder, "first/agent.mjs");
  const { stdout } = await execa(process.execPath, [agent, "hardware-facts", "--node", "n1"]);
  expect(JSON.parse(stdout)).toMatchObject({ cpu: { cores: expect.any(Number) } });
});

test("the same sources give the same bytes in another folder, leave no old part there, and name no folder of the machine", async () => {
  await mkdir(join(folder, "second/agent"), { recursive: true });
  await writeFile(join(folder, "second/agent/chunk-OF-BEFORE.mjs"), "");
  await bundle({ outdir: join(folder, "second"), version: "7.8.9-try" });
  const names = await filesOf("first");
  expect(await filesOf("second")).toEqual(names);
  for (const name of names) {
    const [first, second] = await Promise.all(
      ["first", "second"].map((which) => readFile(join(folder, which, name), "utf8")),
    );
    expect(first === second, `${name} differs`).toBe(true);
    expect(first?.includes(root), `${name} names ${root}`).toBe(false);
  }
});

async function filesOf(which: string): Promise<string[]> {
  const entries = await readdir(join(folder, which), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map(({ parentPath, name }) => relative(join(folder, which), join(parentPath, name)))
    .toSorted();
}

async function modulesOf(which: string): Promise<string[]> {
  const files = (await filesOf(which)).filter((name) => name.endsWith(".mjs"));
  return files.map((name) => join(folder, which, name));
}
