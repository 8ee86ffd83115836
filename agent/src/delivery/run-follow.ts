/** Wiring: `chimera-agent follow` with this process's streams. */
import type { AgentConfig } from "../config.ts";
import { followAgent } from "./follow-agent.ts";

export async function runFollow(
  { serial, json }: { serial: number; json: boolean },
  { runtimeDir }: AgentConfig,
): Promise<null> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
  // Over ssh: whoever watches is gone when either end of the pipe is.
  process.stdout.on("error", () => stop.abort());
  if (json) process.stdin.on("end", () => stop.abort()).resume();
  await followAgent({
    runtimeDir,
    serial,
    json,
    signal: stop.signal,
    out: (line) => void process.stdout.write(`${line}\n`),
  });
  return null;
}
