/** SHELL. `chimera run`: a script or command in its Nix environment, in a session that outlives the terminal. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import type { Io } from "../../io.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { printableLine } from "../../print/printable.ts";
import { parseLogLimit, usualLogLimit } from "../../run-session/record/log-limit.ts";
import type { Asked, Mode } from "../../run-session/record/run-record.ts";
import { parseSessionName } from "../../run-session/record/session-name.ts";
import { attachRun } from "../../run-session/runs/attach-run.ts";
import { beginRun, type Begun } from "../../run-session/runs/begin-run.ts";
import { runInForeground } from "../../run-session/runs/foreground.ts";
import { findRun } from "../../run-session/runs/find-run.ts";
import { startDetached, startInTerminal } from "../../run-session/runs/start-run.ts";
import { noteLiteral } from "./note-literal.ts";

const Options = z.object({
  name: z.string().optional(),
  env: z.string().min(1, "an environment").max(1024).optional(),
  detach: z.boolean().default(false),
  tty: z.boolean().optional(),
  explain: z.boolean().default(false),
  nix: z.boolean().default(true),
  loose: z.boolean().default(false),
  refresh: z.boolean().default(false),
  logLimit: z.string().max(16).optional(),
  json: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  const isLiteral = noteLiteral(command);
  command
    .description("Run a script or command in its Nix environment, in a session that outlives the terminal.")
    .usage("[options] <file> [args...] | -- <command> [args...]")
    .argument("[file...]", "a script and its arguments, or behind -- a command")
    .passThroughOptions()
    .option("--name <name>", "name of the session (default: from the file's name)")
    .option("--env <environment>", "flake reference, .nix file, devShell of the flake that is near, or none")
    .option("-d, --detach", "do not attach: print the session's name and return")
    .option("-t, --tty", "give it a terminal of its own, also with -d")
    .option("--no-tty", "give it none, only a log")
    .option("--explain", "only say which environment it gets, why, and the exact command")
    .option("--no-nix", "run it with this machine's own programs")
    .option("--loose", "take the versions of Python packages that nixpkgs has")
    .option("--refresh", "make the environment anew though nothing has changed")
    .option("--log-limit <size>", 'of its log the newest 64M, 2G, …, or "none" for all (default: 256M)')
    .option("--json", "with --explain: print JSON, for programs")
    .addHelpText(
      "after",
      examples([
        "chimera run train.py --epochs 10",
        "chimera run -d --name backup tools/backup.sh /srv",
        "chimera run --explain train.py",
        "chimera run --env .#ops -- ansible-playbook site.yml",
        "chimera run -dt --name shell -- bash",
      ]),
    )
    .action(async (words: unknown, options: unknown) =>
      run(io, z.array(z.string()).parse(words), {
        ...parseOptions(Options, options),
        isCommand: isLiteral(),
      }),
    );
}

async function run(io: Io, words: string[], options: Options & { isCommand: boolean }): Promise<void> {
  if (words.length === 0)
    throw new ChimeraError("usage", "what is to run? chimera run FILE, or chimera run -- COMMAND");
  const asked: Asked = {
    words,
    isCommand: options.isCommand,
    cwd: io.cwd,
    env: options.env ?? null,
    noNix: !options.nix,
    loose: options.loose,
    logLimit: options.logLimit === undefined ? usualLogLimit : parseLogLimit(options.logLimit),
  };
  const name = options.name === undefined ? null : parseSessionName(options.name);
  if (options.explain) {
    const { explainRun } = await import("../../run-session/env/explain-run.ts");
    io.out(await explainRun(io, asked, options.json));
    return;
  }
  const mode = modeOf(io, options);
  const begun = await beginRun(io, { asked, mode, name, refresh: options.refresh });
  if (mode === "foreground") io.result.code = await runInForeground(io, begun, begun.start);
  else if (options.detach) await detached(io, begun);
  else io.result.code = await attached(io, begun);
}

async function detached(io: Io, begun: Begun): Promise<void> {
  await startDetached(io, begun, begun.start);
  const { record } = findRun(io, begun.id);
  const how = record.ended?.how;
  if (how?.kind !== "not-started") {
    io.out(`${record.name}\n`);
    return;
  }
  io.err(`chimera: ${printableLine(how.reason)}\n`);
  io.result.code = how.code;
}

async function attached(io: Io, { id, folder, record, start }: Begun): Promise<number> {
  const { name } = record;
  io.err(`chimera: ${name}: Ctrl-B d leaves it running, chimera attach ${name} comes back\n`);
  if (record.mode === "terminal") {
    const session = await startInTerminal(io, { id, folder, record }, start);
    return attachRun(io, { id, folder, record, state: { kind: "starting" } }, session);
  }
  await startDetached(io, { id, folder, record }, start);
  return attachRun(io, findRun(io, id));
}

/** With a stream that leads elsewhere it is a program like any other; at a terminal it gets one that stays. */
function modeOf({ inTty, outTty, errTty }: Io, { detach, tty }: Options): Mode {
  if (detach) return tty === true ? "terminal" : "log";
  if (inTty && outTty && errTty) return tty === false ? "log" : "terminal";
  if (tty === true)
    throw new ChimeraError(
      "usage",
      "--tty: here is no terminal to show it on; with -d it gets one of its own",
    );
  return "foreground";
}
