/** The CLI against the real controller with its real nats-server, as processes: the one place where both sides meet. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { generateNkey } from "@chimera/proto/nkey";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { natsServerPath, nixOnPath } from "./fixture/nix-on-path.ts";

const root = resolve(import.meta.dirname, "../..");
const stop = new AbortController();
let home: string;
let env: Record<string, string>;
let controller: Promise<unknown> | undefined;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "chimera-dev-"));
  const dir = join(home, "dev");
  const program = join(root, "controller/src/main.ts");
  const natsServer = natsServerPath();
  const args = [program, "dev", "--dir", dir, "--nats-server", natsServer];
  const child = execa(process.execPath, args, { reject: false, cancelSignal: stop.signal, stderr: "ignore" });
  controller = child;
  const config = await new Promise<string>((found) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += String(chunk);
      if (text.includes("# Its token")) found(text);
    });
  });
  await mkdir(join(home, ".config", "chimera"), { recursive: true });
  await writeFile(join(home, ".config", "chimera", "config.toml"), config);
  const node = ["--node", "n1", "--nkey", generateNkey().publicKey, "--node-key", generateKey("n1").public];
  await execa(process.execPath, [program, "node", "add", "--config", join(dir, "controller.json"), ...node]);
  const path = await nixOnPath(join(home, "tool"));
  env = { HOME: home, PATH: path ?? "", XDG_RUNTIME_DIR: home };
  // A running controller takes over an added node within a second, not at once.
  await vi.waitUntil(knowsNode, { timeout: 10_000, interval: 100 });
});
afterAll(async () => {
  stop.abort();
  await controller;
  await rm(home, { recursive: true, force: true });
});

async function chimera(...args: string[]) {
  const main = join(root, "cli/src/main.ts");
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], {
    env,
    extendEnv: false,
    reject: false,
    cwd: home,
  });
  return { code: exitCode, out: stdout, err: stderr };
}

async function knowsNode(): Promise<boolean> {
  return (await chimera("status", "--json")).out.includes('"n1"');
}

async function build(word: string): Promise<string> {
  const expression = `derivation { name = "nixos-system-n1"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${word} > $out" ]; }`;
  const args = [
    "build",
    "--impure",
    "--no-link",
    "--print-out-paths",
    "--extra-experimental-features",
    "nix-command",
    "--expr",
    expression,
  ];
  return (await execa("nix", args, { env, extendEnv: false })).stdout;
}

test("publishes closures, worlds and heads that the controller accepts, and goes back", async () => {
  const first = await chimera("publish", `n1=${await build("one")}`, "--no-follow", "--reason", "first");
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining("published head 1") });
  expect(first.err).toContain("controller's word (first use): n1");
  expect(await chimera("publish", `n1=${await build("two")}`, "--no-follow")).toMatchObject({ code: 0 });
  const back = await chimera("rollback", "--no-follow", "--json");
  expect(JSON.parse(back.out)).toMatchObject({ type: "published", serial: 3, mode: "rollback" });
  const { out } = await chimera("history", "--json");
  expect(JSON.parse(out)).toMatchObject({
    heads: [{ serial: 3 }, { serial: 2 }, { serial: 1, reason: "first" }],
  });
});

test("status, drift and events are read as the controller writes them", async () => {
  const { out, code } = await chimera("status", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    head: { head: { serial: 3 } },
    nodes: [{ node: "n1", needsAttention: true, build: { state: "pushed" } }],
  });
  expect(await chimera("drift", "n1")).toMatchObject({
    code: 0,
    out: expect.stringContaining("nothing differs"),
  });
});

test("the controller's refusals keep their codes", async () => {
  expect(await chimera("drift", "n9")).toMatchObject({
    code: 67,
    err: expect.stringContaining("[node-unknown]"),
  });
  const unknownWorld = await chimera("rollback", "--to", "ab".repeat(32));
  expect(unknownWorld).toMatchObject({ code: 66, err: expect.stringContaining("[world-unknown]") });
});

test("a node that never answers is named when the time is up, and the exit code says so", async () => {
  const { code, err } = await chimera("rollback", "--timeout", "1");
  expect({ code, err }).toEqual({ code: 75, err: expect.stringMatching(/after 1 s not committed: n1/u) });
});
