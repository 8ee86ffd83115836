/** SHELL. The options of `--over ssh`, for every command that can do without a controller. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { Option, type Command } from "commander";
import { z } from "zod";
import type { Io } from "../io.ts";

export function addSshOptions(command: Command): Command {
  return command
    .option("--ssh-target <node=target...>", "[user@]host of a node (default: root@<node>)")
    .option("--world <file>", "the world that runs, where neither this machine nor the nodes have all of it");
}

/** Of a command that publishes a head. */
export function addSshDeployOptions(command: Command): Command {
  return addSshOptions(
    command.option("--over <way>", "ssh: bring documents to the nodes yourself, without NATS and controller"),
  )
    .option("--receipts <file>", "where the nodes' signed receipts go (default: head-<serial>.receipts.json)")
    .addOption(baseOption())
    .option("--max-parallel <nodes>", "closures copied at once with --over ssh (default 4)")
    .option(
      "--fresh-key <file>",
      "the controller's online key, for nodes that have not heard from it for long",
    );
}

/** Of every command that publishes on top of what the fleet runs. */
export function baseOption(): Option {
  return new Option(
    "--base <world>",
    "build on the newest head's world or the one before it, where it is not clear whether its rollout went back",
  ).choices(["head", "before"]);
}

export const Base = z.enum(["head", "before"]).optional();

export const SshOptions = z.object({
  over: z.literal("ssh", "ssh is the only other way").optional(),
  sshTarget: z.array(z.string().max(400)).default([]),
  world: z.string().max(4096).optional(),
  receipts: z.string().max(4096).optional(),
  maxParallel: z.coerce.number().int("a whole number").min(1, "at least 1").max(64, "at most 64").optional(),
  freshKey: z.string().max(4096).optional(),
  base: Base,
});
export type SshOptions = z.infer<typeof SshOptions>;

/** Throws usage for what says nothing without it. */
export function requireOver(options: Omit<SshOptions, "over"> & { over?: string | undefined }): void {
  if (options.over === "ssh") return;
  const { sshTarget, world, receipts, maxParallel, freshKey } = options;
  const useless = Object.entries({ world, receipts, maxParallel, freshKey }).find(
    ([, value]) => value !== undefined,
  );
  const name = sshTarget.length > 0 ? "ssh-target" : useless?.[0];
  if (name === undefined) return;
  const option = name.replaceAll(/[A-Z]/gu, (mark) => `-${mark.toLowerCase()}`);
  throw new ChimeraError("usage", `--${option} says nothing without --over ssh`);
}

/** Files are meant from where they are typed. */
export function typedFile(io: Io, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(io.cwd, path);
}
