/** SHELL. `chimera exec --on NODE… -- command`: a command on many nodes at once, in sessions that need nobody who watches. */
import { ChimeraError } from "@chimera/proto/errors";
import { maxCopies, type ExecAction } from "@chimera/proto/sessions/session-order";
import type { Command } from "commander";
import { z } from "zod";
import { findExec } from "../exec/find-exec.ts";
import { finishExec } from "../exec/finish-exec.ts";
import { namesOfOrder } from "../order/names-of-order.ts";
import { resumeText } from "../exec/run-exec.ts";
import type { Shown } from "../exec/exec-screen.ts";
import { createObserver, type Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { addFleetOptions } from "../options.ts";
import { examples, parseOptions } from "../parse-options.ts";
import { parseDurationMs } from "../order/duration.ts";
import { namedNodes, OrderOptions, tellDryRun, tellProposed } from "../order/give-order.ts";
import { draftOrder, signOrder } from "../order/sign-order.ts";

const mostDays = 7;
const span = (example: string) =>
  z
    .string()
    .transform((text) => parseDurationMs(text) ?? Number.NaN)
    .pipe(z.number(`a span like ${example}`).max(mostDays * 86_400_000, `at most ${mostDays}d`));
const count = (most: number) =>
  z.coerce.number("a number").int("a whole number").min(1, "at least 1").max(most, `at most ${most}`);

const Options = OrderOptions.extend({
  on: z.array(z.string().max(256)).max(10_000).default([]),
  all: z.boolean().default(false),
  maxParallel: count(10_000).optional(),
  timeout: span("90s, 30m, 2h"),
  expires: span("30s, 10m, 2h").optional(),
  copies: count(maxCopies).default(1),
  tty: z.boolean().default(false),
  group: z.boolean().default(false),
  detach: z.boolean().default(false),
  resume: z.string().max(64).optional(),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "Run a command on many nodes at once, each in a session of its own; it goes on whatever becomes of this terminal.",
    )
    .usage("[options] --on <node>... -- <command> [args...]")
    .argument("[command...]", "behind --; no shell reads it")
    .option("--on <node...>", "node names, @tag, or globs")
    .option("--all", "every node of the fleet")
    .option("--max-parallel <n>", "so many nodes at the same time, in the sequence of their names")
    .option("--timeout <time>", "what still runs then is ended by its node", "10m")
    .option("--expires <time>", "a node that was away until then does not begin any more (default: 30s)")
    .option("--copies <n>", "so many of it on each node")
    .option("-t, --tty", "give it a terminal, for chimera attach --keyboard")
    .option("--group", "show each node's output as one block, when it is over")
    .option("-d, --detach", "do not follow it: print the order's id and return")
    .option("--resume <id>", "follow one that was begun before, and gather what it left")
    .option("--file <path>", "project file (default: chimera.toml here or in a folder above)")
    .option("--reason <text>", "why, kept in the order")
    .option("--dry-run", "show the order; sign and send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera exec --on 'web-*' -- systemctl is-active nginx",
        "chimera exec --all --max-parallel 2 --timeout 5m -- nixos-rebuild list-generations",
        "chimera exec --on @canary -- sh -c 'df -h / | tail -1'",
        "chimera exec --resume 3fa98c01b2d4",
      ]),
    )
    .action(async (words: unknown, options: unknown) =>
      exec(io, z.array(z.string()).parse(words), parseOptions(Options, options)),
    );
}

async function exec(io: Io, words: readonly string[], options: Options): Promise<void> {
  if (options.resume !== undefined) return resume(io, { words, digits: options.resume }, options);
  if (words.length === 0)
    throw new ChimeraError("usage", "what is to run? chimera exec --on NODE -- COMMAND");
  const observer = await createObserver(io, { context: options.context });
  const nodes = await selected(io, observer, options);
  const action = actionOf(words, options);
  const expiresMs = options.expires ?? usualExpiresMs(action, nodes.length);
  const notAfterMs = io.nowMs() + expiresMs;
  const wanted = { nodes: nodes.toSorted(), action, reason: options.reason, notAfterMs };
  const draft = draftOrder(io, observer.context.fleetId, wanted);
  if (options.dryRun) return tellDryRun(io, draft, options.json);
  const signed = await signOrder(io, observer, draft);
  if (signed.kind === "proposed") return tellProposed(io, signed, options.json);
  const { order, id, envelope } = signed;
  if (options.detach) {
    await observer.api.postOrder(envelope);
    io.out(`${id.slice(0, 12)}\n`);
    return;
  }
  const names = namesOfOrder(order, observer);
  if (!options.json) io.err(`chimera: ${resumeText(id)} comes back to it\n`);
  await finishExec(
    io,
    { observer, order, action, id, envelope, nodes: names },
    shownBy(options, names.length * action.copies),
  );
}

function actionOf(argv: readonly string[], { copies, tty, timeout, maxParallel }: Options): ExecAction {
  return {
    kind: "exec",
    argv: [...argv],
    copies,
    output: tty ? "terminal" : "log",
    timeoutSeconds: Math.ceil(timeout / 1000),
    atOnce: maxParallel ?? null,
  };
}

const shortMs = 30_000;

/** Of those that wait for their turn the last may begin when all others took all of their time. */
function usualExpiresMs({ atOnce, timeoutSeconds }: ExecAction, nodes: number): number {
  if (atOnce === null) return shortMs;
  const rounds = Math.ceil(nodes / atOnce);
  return Math.min(rounds * (timeoutSeconds * 1000 + shortMs), mostDays * 86_400_000);
}

async function selected(io: Io, observer: Observer, { on, all, file }: Options) {
  if (all && on.length > 0) throw new ChimeraError("usage", "either --all or --on, not both");
  if (!all && on.length === 0) throw new ChimeraError("usage", "name nodes: --on web-1, --on @tag, or --all");
  const targets = all ? ["*"] : on;
  return namedNodes(io, { observer, targets }, file);
}

async function resume(
  io: Io,
  { words, digits }: { words: readonly string[]; digits: string },
  options: Options,
): Promise<void> {
  if (words.length > 0) throw new ChimeraError("usage", "--resume takes no command: the order has it");
  const observer = await createObserver(io, { context: options.context });
  const found = await findExec(observer, digits);
  await finishExec(io, found, shownBy(options, found.nodes.length * found.action.copies));
}

function shownBy({ group, json }: Options, sessions: number): Shown {
  if (sessions === 1 && !group) return { style: "plain", json };
  return { style: group ? "grouped" : "prefixed", json };
}
