// SHELL. A host counts as up when its own systemd says so; one that is degraded is an error that names the units.
import { readFile } from "node:fs/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Host } from "./host.ts";
import { waitUntil } from "../wait-until.ts";

export async function waitRunning(host: Host, timeoutMs = 120_000): Promise<void> {
  const options = { timeoutMs, everyMs: 100 };
  const waited = waitUntil(`${host.name} running`, () => settledState(host), options);
  const state = await waited.catch(async (error: unknown) => {
    const tail = await consoleTail(host);
    throw new ChimeraError("deadline-exceeded", `${errorChain(error)}; its console ends:\n${tail}`);
  });
  if (state === "running") return;
  const argv = ["systemctl", "--failed", "--plain", "--no-legend"];
  const failed = state === "degraded" ? (await host.run(argv)).stdout : await consoleTail(host);
  throw new ChimeraError("tool-failed", `${host.name} is ${state}: ${failed.trim()}`);
}

/** `undefined` while it still boots. */
async function settledState(host: Host): Promise<string | undefined> {
  if (!(await host.isOn())) return "off";
  const leader = await host.leaderPid().catch(() => undefined);
  if (leader === undefined) return undefined;
  const result = await host
    .run(["systemctl", "is-system-running"], { timeoutMs: 10_000 })
    .catch(() => undefined);
  const state = result?.stdout.trim();
  return state === "running" || state === "degraded" || state === "maintenance" ? state : undefined;
}

async function consoleTail(host: Host): Promise<string> {
  return (await readFile(host.consoleLog(), "utf8")).split("\n").slice(-15).join("\n");
}
