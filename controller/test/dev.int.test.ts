/** `chimera-controller dev`, from the bundle that ships, with nats-server found on PATH. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { generateNkey } from "@chimera/proto/nkey";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, natsServerProgram } from "./fixture/nats-server.ts";

let directory: string;
let main: string;
let env: { PATH: string };
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "chimera-dev-"));
  const bundle = join(import.meta.dirname, "..", "..", "tools", "bundle.ts");
  await execa(process.execPath, [bundle, "--outdir", directory, "--version", "7.7.7"]);
  main = join(directory, "controller.mjs");
  const bin = join(directory, "bin");
  mkdirSync(bin);
  if (natsServerProgram.startsWith("/")) symlinkSync(natsServerProgram, join(bin, "nats-server"));
  env = { PATH: [bin, process.env["PATH"]].join(delimiter) };
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(...args: string[]) {
  return execa(process.execPath, [main, ...args], { reject: false, env });
}

/** A `dev` that is ready to be used. */
async function startDev(dir: string) {
  const child = run("dev", "--dir", dir);
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  await eventually("context printed", () => printed.includes("[contexts.dev]"));
  const url = /controller = "([^"]+)"/.exec(printed)?.[1] ?? "";
  const token = readFileSync(/tokenFile = "([^"]+)"/.exec(printed)?.[1] ?? "", "utf8").trim();
  const isReady = async () => (await fetch(`${url}/readyz`)).status === 200;
  await eventually("ready", isReady);
  return { child, url, token, isReady };
}

function natsPid(dir: string): number {
  const file = join(dir, "nats-server.pid");
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

/** Not for a dead one that nobody has waited for: it has no command line any more. */
function runs(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, "utf8") !== "";
}

test("says the version of the bundle", async () => {
  expect((await run("--version")).stdout).toBe("7.7.7");
});

test("runs everything for one machine, lets an added node in, survives a dead nats-server and leaves no child", async () => {
  const dir = join(directory, "whole");
  const { child, url, token, isReady } = await startDev(dir);
  const fleet = await fetch(`${url}/v1/fleet`, { headers: { Authorization: `Bearer ${token}` } });
  expect(JSON.parse(await fleet.text()).revision).toBe(0);
  const { publicKey } = generateNkey();
  const named = ["--node", "web", "--nkey", publicKey, "--node-key", generateKey("web").public];
  const added = await run("node", "add", "--config", join(dir, "controller.json"), ...named);
  expect(added.exitCode, added.stderr).toBe(0);
  await eventually("node in the server's configuration", () =>
    readFileSync(join(dir, "nats-server.conf"), "utf8").includes(publicKey),
  );
  const server = natsPid(dir);
  process.kill(server, "SIGKILL");
  await eventually("another nats-server", async () => natsPid(dir) !== server && (await isReady()));
  const last = natsPid(dir);
  expect(runs(last)).toBe(true);
  child.kill("SIGTERM");
  expect((await child).exitCode).toBe(0);
  expect(runs(last)).toBe(false);
});

test("ends at its next start the nats-server that a kill -9 left, and keeps the fleet", async () => {
  const dir = join(directory, "killed");
  const first = await startDev(dir);
  const left = natsPid(dir);
  first.child.kill("SIGKILL");
  await first.child;
  expect(runs(left)).toBe(true);
  const second = await startDev(dir);
  expect(runs(left)).toBe(false);
  expect(second.token).toBe(first.token);
  second.child.kill("SIGINT");
  expect((await second.child).exitCode).toBe(0);
});

test("says what nats-server said when it does not start", async () => {
  const dir = join(directory, "no-store");
  mkdirSync(dir);
  symlinkSync("/proc/version", join(dir, "jetstream"));
  const child = run("dev", "--dir", dir);
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await eventually("reason", () => log.includes("storage directory is not a directory"));
  child.kill("SIGTERM");
  expect((await child).exitCode).toBe(0);
});
