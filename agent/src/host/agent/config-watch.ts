/**
 * SHELL. Whether the active system says something else to the agent than what it was started with. A switch that changes
 * only the configuration brings the same program: without this it would go by the old one until it is next restarted.
 */
import { readFileSync } from "node:fs";
import { attempt } from "../errno-outcome.ts";

const closureCopy = "/run/current-system/etc/chimera/agent.json";

/** `started` is the text that this process read. What somebody tampered with is left to drift: both must say the same. */
export function isConfigNew(started: string, configFile: string, closure = closureCopy): boolean {
  const declared = textOf(closure);
  return declared !== null && declared !== started && textOf(configFile) === declared;
}

function textOf(file: string): string | null {
  const read = attempt(() => readFileSync(file, "utf8"));
  return read.kind === "failed" ? null : read.value;
}
