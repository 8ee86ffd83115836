/** SHELL. `chimera local`: what root does on a node itself, without NATS, controller or an operator's keys. */
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../io.ts";
import { addAccessOptions, AccessOptions, requireRoot } from "../local/local-access.ts";
import { lookLocal } from "../local/look-local.ts";
import { examples, parseOptions } from "../parse-options.ts";
import { explain } from "../print/local/explain.ts";
import { localStatusText } from "../print/local/status-text.ts";
import { whyText } from "../print/local/why-text.ts";
import { printableJson } from "../print/printable.ts";
import { apply, hold, release, revert } from "./local/order.ts";

const Typed = z.string().min(1).max(4096);

export function define(command: Command, io: Io): void {
  command
    .description("What root does on this very node, without NATS, controller and keys; the node reports it.")
    .addHelpText(
      "after",
      examples([
        "chimera local status",
        "chimera local why",
        "chimera local apply ./result --for 2h --reason 'the link is down'",
        "chimera local revert",
        "chimera local hold --for 2h --reason 'disk is being replaced'",
      ]),
    );
  defineLooks(command, io);
  defineOrders(command, io);
  defineHolds(command, io);
}

function defineLooks(command: Command, io: Io): void {
  addAccessOptions(command.command("status"))
    .description("Show what this node runs, wants and does.")
    .addHelpText("after", examples(["chimera local status --json | jq .journal.step"]))
    .action(async (options: unknown) => status(io, options));
  addAccessOptions(command.command("why"))
    .description(
      "Show what this node waits for and why, what must happen first at the top, and what to do about it.",
    )
    .addHelpText("after", examples(["chimera local why", "chimera local why --json"]))
    .action(async (options: unknown) => why(io, options));
}

function defineOrders(command: Command, io: Io): void {
  addOrderOptions(command.command("apply"))
    .description(
      "Activate a system that lies in this node's store, for a while; it must prove itself like a head's.",
    )
    .argument("<path>", "its toplevel, or a link to it such as ./result")
    .addHelpText("after", examples(["chimera local apply ./result --for 1d --reason 'mended by hand'"]))
    .action(async (path: unknown, options: unknown) => apply(io, Typed.parse(path), options));
  addOrderOptions(command.command("revert"))
    .description("Go back to what ran before the present system, for a while: no download, no probation.")
    .addHelpText("after", examples(["chimera local revert --reason 'logins hang'"]))
    .action(async (options: unknown) => revert(io, options));
}

function addOrderOptions(command: Command): Command {
  return addAccessOptions(command)
    .option("--for <time>", "then, or with a newer head, back to what is signed: 30m, 2h, at most 7d", "1h")
    .option("--reason <text>", "why, reported to the operators", "")
    .option("--timeout <seconds>", "how long to wait for it", "900")
    .option("--no-wait", "return as soon as the order is on disk");
}

function defineHolds(command: Command, io: Io): void {
  addAccessOptions(command.command("hold"))
    .description("Begin no deploy and no rollback here for a while, beside what operators hold.")
    .requiredOption("--for <time>", "how long: 30m, 2h, at most 7d")
    .requiredOption("--reason <text>", "why, reported to the operators")
    .option("--drift", "leave drift alone too")
    .option("--even-panic", "do not even obey a panic")
    .addHelpText("after", examples(["chimera local hold --for 2h --drift --reason 'changing /etc by hand'"]))
    .action(async (options: unknown) => hold(io, options));
  addAccessOptions(command.command("release"))
    .description(
      "End root's own hold of this node before its time, or let it go on where another system was booted; operators end theirs.",
    )
    .option("--reason <text>", "why, reported to the operators", "")
    .addHelpText("after", examples(["chimera local release"]))
    .action(async (options: unknown) => release(io, options));
}

async function status(io: Io, options: unknown): Promise<void> {
  const access = parseOptions(AccessOptions, options);
  requireRoot();
  const seen = await lookLocal(io, access);
  io.out(access.json ? `${printableJson(seen, 2)}\n` : localStatusText(seen, io.paint));
}

async function why(io: Io, options: unknown): Promise<void> {
  const access = parseOptions(AccessOptions, options);
  requireRoot();
  const seen = await lookLocal(io, access);
  const { at, node, agent, state } = seen;
  if (!access.json) io.out(whyText(seen, io.paint));
  else io.out(`${printableJson({ at, node, agent, state, reasons: explain(seen) }, 2)}\n`);
}
