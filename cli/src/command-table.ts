/** SHELL. Every command with its one-line summary, and the module that is loaded only when it is called. */
import type { Command } from "commander";
import type { Io } from "./io.ts";

interface CommandModule {
  /** Adds arguments, options, examples and the action to an empty command of that name. */
  define(command: Command, io: Io): void;
}

export interface CommandEntry {
  name: string;
  summary: string;
  load(): Promise<CommandModule>;
}

/** Made from all the others, so it is no entry of its own. */
export const completionEntry = { name: "completion", summary: "print a completion script for a shell" };

export const commandTable: readonly CommandEntry[] = [
  { name: "init", summary: "make the keys of a new fleet", load: () => import("./commands/setup/init.ts") },
  {
    name: "keys",
    summary: "make keys, and say who may sign what",
    load: () => import("./commands/setup/keys.ts"),
  },
  {
    name: "nats",
    summary: "passes: by which nats-server knows who is who",
    load: () => import("./commands/setup/nats.ts"),
  },
  {
    name: "context",
    summary: "choose the fleet to work on",
    load: () => import("./commands/setup/context.ts"),
  },
  {
    name: "plan",
    summary: "what a deployment would do to every node",
    load: () => import("./commands/deploy/plan.ts"),
  },
  {
    name: "deploy",
    summary: "build, push, publish and follow",
    load: () => import("./commands/deploy/deploy.ts"),
  },
  {
    name: "publish",
    summary: "publish store paths as they are",
    load: () => import("./commands/deploy/publish.ts"),
  },
  {
    name: "propose",
    summary: "propose store paths for others to sign",
    load: () => import("./commands/deploy/propose.ts"),
  },
  {
    name: "sign",
    summary: "what waits for signatures, and signing it",
    load: () => import("./commands/deploy/sign.ts"),
  },
  {
    name: "status",
    summary: "what every node runs and does",
    load: () => import("./commands/look/status.ts"),
  },
  {
    name: "history",
    summary: "heads and panics, and what became of each",
    load: () => import("./commands/look/history.ts"),
  },
  {
    name: "timeline",
    summary: "what happened, in order",
    load: () => import("./commands/look/timeline.ts"),
  },
  {
    name: "diff",
    summary: "nodes and packages between two worlds",
    load: () => import("./commands/look/diff.ts"),
  },
  {
    name: "rollback",
    summary: "go back to an earlier world",
    load: () => import("./commands/deploy/rollback.ts"),
  },
  {
    name: "panic",
    summary: "undo the newest head everywhere, now",
    load: () => import("./commands/stop/panic.ts"),
  },
  {
    name: "rollout",
    summary: "how far the newest rollout is; pause, resume, abort",
    load: () => import("./commands/stop/rollout.ts"),
  },
  {
    name: "retry",
    summary: "try the newest world again where it failed",
    load: () => import("./commands/deploy/retry.ts"),
  },
  {
    name: "drift",
    summary: "what differs from the signed state",
    load: () => import("./commands/look/drift.ts"),
  },
  {
    name: "world",
    summary: "show, compare and check worlds",
    load: () => import("./commands/look/world.ts"),
  },
  {
    name: "receipt",
    summary: "save and check what nodes signed",
    load: () => import("./commands/look/receipt.ts"),
  },
  {
    name: "audit",
    summary: "who changed what, and whether the log is whole",
    load: () => import("./commands/look/audit.ts"),
  },
  {
    name: "doctor",
    summary: "what is wrong with this machine, and how to mend it",
    load: () => import("./commands/look/doctor.ts"),
  },
  {
    name: "hold",
    summary: "stop deploys on nodes for a while",
    load: () => import("./commands/stop/hold.ts"),
  },
  {
    name: "quarantine",
    summary: "systems that must not be activated",
    load: () => import("./commands/stop/quarantine.ts"),
  },
  {
    name: "local",
    summary: "root on a node: status, apply, revert, hold",
    load: () => import("./commands/local.ts"),
  },
  {
    name: "reseed",
    summary: "put signed documents back after a loss",
    load: () => import("./commands/reseed.ts"),
  },
  {
    name: "exec",
    summary: "a command on many nodes at once, in sessions of their own",
    load: () => import("./commands/exec.ts"),
  },
  {
    name: "run",
    summary: "a script in its Nix environment and a session that stays",
    load: () => import("./commands/run/run.ts"),
  },
  { name: "ps", summary: "the runs of this machine", load: () => import("./commands/run/ps.ts") },
  {
    name: "attach",
    summary: "bring a session to this terminal",
    load: () => import("./commands/run/attach.ts"),
  },
  {
    name: "sessions",
    summary: "what runs in sessions on all nodes",
    load: () => import("./commands/look/sessions.ts"),
  },
  {
    name: "record",
    summary: "play what was recorded of a session",
    load: () => import("./commands/look/record.ts"),
  },
  { name: "logs", summary: "what a session wrote", load: () => import("./commands/run/logs.ts") },
  { name: "stop", summary: "end runs", load: () => import("./commands/run/stop.ts") },
  { name: "rm", summary: "forget ended runs", load: () => import("./commands/run/rm.ts") },
  {
    name: "restart",
    summary: "start a run again",
    load: () => import("./commands/run/restart.ts"),
  },
  { name: "version", summary: "print the version", load: () => import("./commands/version.ts") },
];
