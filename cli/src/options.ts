/** SHELL. Options that many commands share, and their values as parsed data. */
import { Digest } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { addPolicyOptions, PolicyOptions } from "./policy-options.ts";

export function addFleetOptions(command: Command): Command {
  return command
    .option("-c, --context <name>", "fleet to work on (default: the current context)")
    .option("--json", "print JSON, for programs");
}

export const FleetOptions = z.object({ context: z.string().optional(), json: z.boolean().default(false) });
export type FleetOptions = z.infer<typeof FleetOptions>;

/** Of whatever publishes a head. */
export function addFollowOptions(command: Command): Command {
  return addPolicyOptions(command)
    .option("--reason <text>", "why, kept in the head and shown in history", "")
    .option("--timeout <seconds>", "how long to follow the nodes", "600")
    .option("--no-follow", "return as soon as the head is stored or proposed")
    .option("--propose", "only propose it: whoever signs last publishes it")
    .option("--trust-head <id>", "take the newest head or panic for genuine though its keys are retired")
    .option("--expires <hours>", "a node that has not seen the head by then never takes it", "24");
}

export const FollowOptions = PolicyOptions.extend({
  reason: z.string().max(1024, "at most 1024 characters"),
  timeout: z.coerce
    .number("a number of seconds")
    .positive("more than 0 seconds")
    .max(86_400, "at most a day"),
  follow: z.boolean(),
  propose: z.boolean().default(false),
  trustHead: Digest.optional(),
  expires: z.coerce
    .number("a number of hours")
    .positive("more than 0 hours")
    .max(24 * 90, "at most 90 days"),
});
export type FollowOptions = z.infer<typeof FollowOptions>;

/** Of a key set: longer than ten years nobody remembers where root is. */
export const ExpiresDays = z.coerce
  .number("a number of days")
  .positive("more than 0 days")
  .max(3653, "at most ten years");

/** How many keys of a role must sign. */
export const Threshold = z.coerce
  .number("a number")
  .int("a whole number")
  .min(1, "at least 1")
  .max(32, "at most 32");
