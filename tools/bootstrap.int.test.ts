import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
let project = "";

/** A tiny project with a real lock file and the real bootstrap, installed by the real npm without any network. */
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "chimera-bootstrap-"));
  await cp(join(root, "tools/bootstrap.mjs"), join(project, "tools/bootstrap.mjs"));
  await put("leaf/package.json", JSON.stringify({ name: "leaf", version: "1.0.0" }));
  await writeProject({ leaf: "file:leaf" });
});
afterEach(() => rm(project, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

async function writeProject(dependencies: Record<string, string>): Promise<void> {
  const links = Object.entries(dependencies).flatMap(([name, target]) => [
    [target.slice("file:".length), { version: "1.0.0" }],
    [`node_modules/${name}`, { resolved: target.slice("file:".length), link: true }],
  ]);
  await put("package.json", JSON.stringify({ name: "tiny", version: "1.0.0", dependencies }));
  const packages = { "": { name: "tiny", version: "1.0.0", dependencies }, ...Object.fromEntries(links) };
  await put(
    "package-lock.json",
    JSON.stringify({ name: "tiny", version: "1.0.0", lockfileVersion: 3, requires: true, packages }),
  );
}

function bootstrap(args: string[], env: Record<string, string> = {}) {
  return execa(process.execPath, ["tools/bootstrap.mjs", ...args], {
    cwd: project,
    reject: false,
    env: { npm_execpath: "", ...env },
  });
}

test("what is missing is installed once, with one line, and the arguments and the exit code pass through", async () => {
  await put("say.mjs", "console.log(JSON.stringify(process.argv.slice(2))); process.exit(7);");
  const first = await bootstrap(["say.mjs", "a b", "--c"]);
  expect(first.stderr).toMatch(/^Installing packages \(npm ci\) \.\.\. \d+\.\d s$/);
  expect(JSON.parse(first.stdout)).toEqual(["a b", "--c"]);
  expect(first.exitCode).toBe(7);
  const second = await bootstrap(["say.mjs"]);
  expect(second.stderr).toBe("");
  expect(second.exitCode).toBe(7);
});

test("a changed lock file is installed again", async () => {
  await put("say.mjs", "");
  await bootstrap(["say.mjs"]);
  await put("other/package.json", JSON.stringify({ name: "other", version: "1.0.0" }));
  await writeProject({ leaf: "file:leaf", other: "file:other" });
  expect((await bootstrap(["say.mjs"])).stderr).toContain("Installing packages");
  expect(await readFile(join(project, "node_modules/other/package.json"), "utf8")).toContain("other");
});

test("a developer's own npm install is recognised, and half of one is not", async () => {
  await put("say.mjs", "");
  await execa("npm", ["install", "--no-audit", "--no-fund"], { cwd: project });
  expect((await bootstrap(["say.mjs"])).stderr).toBe("");
  await rm(join(project, "node_modules/.chimera-lock"));
  await rm(join(project, "node_modules/.package-lock.json"));
  expect((await bootstrap(["say.mjs"])).stderr).toContain("Installing packages");
});

test("when npm fails, its own words are shown and nothing is run", async () => {
  await put("say.mjs", "console.log('ran')");
  await put("package-lock.json", "{ not json");
  const { exitCode, stdout, stderr } = await bootstrap(["say.mjs"]);
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/npm ci failed with exit code \d+/);
  expect(stderr.length).toBeGreaterThan(80);
});

test("the project's own Node runs the script and is first on PATH", async () => {
  await put("say.mjs", "console.log(process.env.WHO, process.env.PATH.split(':')[0])");
  await bootstrap(["say.mjs"]);
  await mkdir(join(project, "node_modules/.bin"), { recursive: true });
  const own = join(project, "node_modules/.bin/node");
  await writeFile(own, `#!/bin/sh\nWHO=own exec ${process.execPath} "$@"\n`);
  await chmod(own, 0o755);
  expect((await bootstrap(["say.mjs"])).stdout).toBe(`own ${join(project, "node_modules/.bin")}`);
});

test("when the install script of the package was skipped, the plain binary beside it runs the script", async () => {
  const name = `node-${process.platform}-${process.arch}`;
  await put(`${name}/package.json`, JSON.stringify({ name, version: "1.0.0" }));
  await put(`${name}/bin/node`, `#!/bin/sh\nWHO=plain exec ${process.execPath} "$@"\n`);
  await chmod(join(project, name, "bin/node"), 0o755);
  await writeProject({ [name]: `file:${name}` });
  await put("say.mjs", "console.log(process.env.WHO)");
  const { stdout } = await bootstrap(["say.mjs"], { npm_config_ignore_scripts: "true" });
  expect(stdout).toBe("plain");
  // What npm leaves behind in that case: a link to a binary that was never made.
  await mkdir(join(project, "node_modules/.bin"), { recursive: true });
  await symlink("../node/bin/node", join(project, "node_modules/.bin/node"));
  expect((await bootstrap(["say.mjs"])).stdout).toBe("plain");
});

test.for(["SIGTERM", "SIGINT"] as const)(
  "%s is passed on, and the script decides how to end",
  async (signal) => {
    await put(
      "wait.mjs",
      `process.on("${signal}", () => { console.log("cleaned up"); process.exit(5); });
     setInterval(() => {}, 1000); console.log("ready");`,
    );
    await bootstrap(["wait.mjs-missing"]);
    const running = bootstrap(["wait.mjs"]);
    running.stdout.on("data", (chunk) => String(chunk).includes("ready") && running.kill(signal));
    const { exitCode, stdout } = await running;
    expect(stdout).toBe("ready\ncleaned up");
    expect(exitCode).toBe(5);
  },
);
