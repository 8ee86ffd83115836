/** `chimera` as a process: its streams, signals and completion, which no call inside a test can show. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOperator, type TestOperator } from "./fixture/operator.ts";
import { proposalsOf } from "./fixture/proposals.ts";
import { leavesOf, seedHead } from "./fixture/seed-head.ts";

const main = resolve(import.meta.dirname, "../src/main.ts");
let operator: TestOperator;

beforeAll(async () => {
  operator = await createOperator();
  operator.addNode("n1");
  operator.addNode("n2");
});
afterAll(async () => operator.close());

function start(args: readonly string[], cwd = operator.home) {
  return spawn(process.execPath, [main, ...args], {
    cwd,
    env: { HOME: operator.home, PATH: "/nonexistent" },
  });
}

async function complete(words: readonly string[], cwd = operator.home): Promise<string[]> {
  const { stdout } = await execa(process.execPath, [main, "complete", "--", ...words], {
    cwd,
    extendEnv: false,
    env: { HOME: operator.home },
  });
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0] ?? "");
}

test("a reader that goes away ends a watch", async () => {
  const child = start(["status", "--watch", "--json"]);
  await once(child.stdout, "data");
  child.stdout.destroy();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("a reader that goes away does not make a failed command a success", async () => {
  const child = start(["publish", "n1=x", "--json"]);
  child.stdout.destroy();
  child.stderr.destroy();
  expect(await once(child, "exit")).toEqual([65, null]);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends a watch with %i", async (signal, code) => {
  const child = start(["status", "--watch"]);
  await once(child.stdout, "data");
  child.kill(signal);
  expect(await once(child, "exit")).toEqual([code, null]);
});

test("completion knows commands, options, contexts, and the nodes of the controller", async () => {
  expect(await complete(["sta"])).toEqual(["status"]);
  expect(await complete(["deploy", "--dr"])).toEqual(["--dry-run"]);
  expect(await complete(["status", "-c", ""])).toEqual(["lab"]);
  expect(await complete(["context", "use", ""])).toEqual(["lab"]);
  expect(await complete(["drift", "n"])).toEqual(["n1", "n2"]);
  expect(await complete(["timeline", "--node", "n"])).toEqual(["n1", "n2"]);
  expect(await complete(["timeline", "--kind", "dr"])).toEqual(["drift"]);
  expect(await complete(["audit", "--kind", "ro"])).toEqual(["rollout-ask"]);
});

test("where a file belongs completion offers none, and leaves it to the shell", async () => {
  for (const words of [
    ["run", ""],
    ["run", "-d", "tr"],
    ["attach", "--record", ""],
    ["record", "play", ""],
  ]) {
    const { stdout } = await execa(process.execPath, [main, "complete", "--", ...words]);
    expect(stdout).toBe(":0");
  }
  expect(await complete(["run", "--exp"])).toEqual(["--explain"]);
  const script = await execa(process.execPath, [main, "completion", "bash"]);
  const { stdout } = await execa("bash", ["-c", 'eval "$1"; complete -p chimera', "bash", script.stdout]);
  expect(stdout).toBe("complete -o default -F __chimera_complete chimera");
});

test("completion of sign knows what waits for signatures", async () => {
  await seedHead(operator, ["n1"], "one");
  const bob = parseSecretKey(generateKey("bob").secret);
  const id = proposalsOf(operator, bob).propose(leavesOf(operator, ["n1"], "two"));
  expect(await complete(["sign", ""])).toEqual([id.slice(0, 12)]);
});

test("in a project completion offers its nodes and tags, also while the controller is silent", async () => {
  operator.server.intercept = () => true;
  const folder = join(operator.home, "project");
  await mkdir(folder);
  await writeFile(join(folder, "chimera.toml"), '[nodes.web-1]\ntags = ["canary"]\n[nodes.web-2]\n');
  expect(await complete(["deploy", "-t", ""], folder)).toEqual(["web-1", "web-2", "@canary"]);
  expect(await complete(["status", ""])).toEqual([]);
  expect(await complete(["drift", "show", ""])).toEqual([]);
  operator.server.intercept = () => false;
});

test.each(["bash", "zsh", "fish"])("there is a completion script for %s", async (shell) => {
  const { stdout } = await execa(process.execPath, [main, "completion", shell], {
    env: { HOME: operator.home },
  });
  expect(stdout).toContain("chimera complete");
});
