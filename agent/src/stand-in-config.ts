/** What the NixOS module writes for a machine that leads rollouts where no node does. It has an identity of its own, and no leaf. */
import { z } from "zod";
import { AgentConfig, parseAs } from "./config.ts";

export const StandInConfig = z.strictObject({
  ...AgentConfig.pick({
    node: true,
    fleetId: true,
    nats: true,
    controller: true,
    trustedKeys: true,
    logLevel: true,
  }).shape,
  stateDir: z
    .string()
    .max(4096)
    .startsWith("/", "must be an absolute path")
    .default("/var/lib/chimera-stand-in"),
  /** So long nobody must have been heard to lead; longer than a node takes to step in for another. */
  afterSeconds: z.int().min(20).max(3600).default(60),
});
export type StandInConfig = z.infer<typeof StandInConfig>;

/** Throws config-invalid with the path of each wrong field. */
export function parseStandInConfig(text: string, file: string): StandInConfig {
  return parseAs(StandInConfig, text, file);
}
