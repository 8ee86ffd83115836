/** SHELL. The options that say how a fleet moves to a head, as parsed data. */
import type { Command } from "commander";
import { z } from "zod";
import { PolicyFile, type TypedPolicy } from "./fleet/head/head-policy.ts";

/** What is not typed is as chimera.toml says, else as each node's module says. */
export function addPolicyOptions(command: Command): Command {
  return command
    .option("--reboot <when>", "restart for what cannot be switched to live: when-needed, window or never")
    .option(
      "--reboot-window <from-to>",
      "of a day in UTC, as 02:00-04:00: needed with --reboot window, unless the node's module has one",
    )
    .option("--accept-unprotected", "restart even where the loader cannot go back by itself")
    .option("--no-accept-unprotected", "no such restart, whatever chimera.toml says")
    .option("--panic-reboot <when>", "restart at once for a way back that needs it: never or now")
    .option("--after-commit <what>", "of a node that turns unhealthy later: alarm, revert-node or hold-fleet")
    .option("--probation <seconds>", "how long a node must stay healthy before it commits (0-3600)")
    .option("--activation-timeout <seconds>", "after this a hanging activation is ended (10-7200)");
}

const seconds = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/u, "a number of whole seconds")
    .transform(Number)
    .pipe(z.number().min(least, `at least ${least}`).max(most, `at most ${most}`))
    .optional();

/** By the names of the options. */
export const PolicyOptions = z.object({
  ...PolicyFile.pick({
    reboot: true,
    rebootWindow: true,
    acceptUnprotected: true,
    panicReboot: true,
    afterCommit: true,
  }).shape,
  probation: seconds(0, 3600),
  activationTimeout: seconds(10, 7200),
});
export type PolicyOptions = z.infer<typeof PolicyOptions>;

export function typedPolicy(options: PolicyOptions): TypedPolicy {
  const { reboot, rebootWindow, acceptUnprotected, panicReboot, afterCommit } = options;
  const { probation: probationSeconds, activationTimeout: activationSeconds } = options;
  return {
    reboot,
    rebootWindow,
    acceptUnprotected,
    panicReboot,
    afterCommit,
    probationSeconds,
    activationSeconds,
  };
}
