import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = resolve(import.meta.dirname, "../sentinel/watchdog.sh");
const up = Math.floor(Number.parseFloat(readFileSync("/proc/uptime", "utf8")));
let folder: string;
let agent: ChildProcess;

/** The real script, with its folder moved and a systemd that says that the sentinel is active. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chimera-watchdog-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/systemctl"), '#!/bin/sh\necho "systemctl $*"\n', { mode: 0o755 });
  writeFileSync(join(folder, "script"), readFileSync(script, "utf8").replaceAll("/run/chimera", folder));
  agent = spawn("sleep", ["600"], { stdio: "ignore", argv0: "chimera-agent" });
  writeFileSync(join(folder, "agent.pid"), `${agent.pid}\n`);
});

afterEach(() => {
  agent.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function look(): Promise<string> {
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` };
  return (await execa("sh", [join(folder, "script")], { env })).stdout;
}

const write = (name: string, text: string) => writeFileSync(join(folder, name), `${text}\n`);

test("the first look takes note only, also before there is any progress", async () => {
  expect(await look()).toBe("");
  write("progress", "1");
  expect(await look()).toBe("");
  expect(agent.exitCode).toBeNull();
});

test("an agent without progress for a minute is ended, and then the sentinel is restarted", async () => {
  write("progress", "77");
  write("watchdog", `${up - 61} agent 77`);
  expect(await look()).toContain("ending the agent");
  if (agent.signalCode === null) await once(agent, "exit");
  expect(agent.signalCode).toBe("SIGKILL");
  write("watchdog", `${up - 61} sentinel 77`);
  expect(await look()).toContain("systemctl restart chimera-sentinel.service");
});

test("a clock that is set back does not make a living agent look dead", async () => {
  write("watchdog", `${up - 61} agent 77`);
  write("progress", "78");
  const tomorrow = Date.now() / 1000 + 86_400;
  utimesSync(join(folder, "watchdog"), tomorrow, tomorrow);
  expect(await look()).toBe("");
  expect(agent.signalCode).toBeNull();
});

test("a clock that was ahead for a while does not make a dead agent look alive", async () => {
  write("watchdog", `${up - 61} agent 77`);
  write("progress", "77");
  const tomorrow = Date.now() / 1000 + 86_400;
  utimesSync(join(folder, "progress"), tomorrow, tomorrow);
  expect(await look()).toContain("ending the agent");
});

test("a process that only has the number of the old agent is left alone", async () => {
  const other = spawn("sleep", ["600"], { stdio: "ignore" });
  write("agent.pid", String(other.pid));
  write("progress", "77");
  write("watchdog", `${up - 61} agent 77`);
  expect(await look()).toContain("ending the agent");
  other.kill("SIGTERM");
  await once(other, "exit");
  expect(other.signalCode).toBe("SIGTERM");
});
