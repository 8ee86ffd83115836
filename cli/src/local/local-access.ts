/** SHELL. Where the agent of this node is found, and who may ask it. */
import type { Command } from "commander";
import { ChimeraError } from "@chimera/proto/errors";
import { localSocketName } from "@chimera/proto/local-api";
import { z } from "zod";
import { author } from "../author.ts";
import type { Io } from "../io.ts";

export const AccessOptions = z.object({
  socket: z.string().max(100).default(`/run/chimera/${localSocketName}`),
  agentConfig: z.string().max(4096).optional(),
  json: z.boolean().default(false),
});
export type LocalAccess = z.infer<typeof AccessOptions>;

export function addAccessOptions(command: Command): Command {
  return command
    .option("--socket <file>", `the agent's socket (default: /run/chimera/${localSocketName})`)
    .option("--agent-config <file>", "the agent's configuration (default: /etc/chimera/agent.json)")
    .option("--json", "print JSON, for programs");
}

/** Throws role-forbidden. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new ChimeraError(
    "role-forbidden",
    "chimera local is for root on the node itself: sudo chimera local",
  );
}

/** Root alone may ask; who became root is said as far as sudo tells. */
export function localAuthor(io: Io): string {
  const sudo = io.env["SUDO_USER"] ?? "";
  return sudo === "" ? author(io) : `${author(io).slice(0, 128)} (sudo: ${sudo.slice(0, 100)})`;
}
