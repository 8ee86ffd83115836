/** SHELL. One call of the CLI: find the command, load it, run it, and turn what goes wrong into an exit code. */
import { ChimeraError, errorChain, errorCodes } from "@chimera/proto/errors";
import { Command, CommanderError, type Option } from "commander";
import { commandTable, completionEntry } from "./command-table.ts";
import type { Io } from "./io.ts";
import { printable, printableJson, printableLine } from "./print/printable.ts";
import { version } from "./version.ts";

export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = await createProgram(argv, io);
    await program.parseAsync([...argv], { from: "user" });
    return io.result.code;
  } catch (error) {
    return report(error, { io, argv, json: argv.includes("--json") });
  }
}

/** Only the called command's module is loaded; completion needs the options of all of them. */
async function createProgram(argv: readonly string[], io: Io): Promise<Command> {
  const program = new Command("chimera");
  program
    .description("Keeps a fleet of NixOS machines in exactly the state that was signed for them.")
    .version(version(io.env), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help of a command")
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: tellUsage })
    .configureHelp({ optionDescription: describeOption })
    .exitOverride()
    // What stands behind the name of a script belongs to the script.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError("(chimera --help lists the commands)")
    .addHelpText(
      "after",
      "\nExamples:\n  chimera init --help\n  chimera deploy -t @canary\n  chimera status --watch",
    );
  const called = argv.find((word) => !word.startsWith("-"));
  const wanted = called === "help" ? argv[argv.indexOf("help") + 1] : called;
  const all = called === "complete" || called === "completion";
  for (const entry of commandTable) {
    const command = program
      .command(entry.name)
      .summary(entry.summary)
      .description(entry.summary)
      .showHelpAfterError(`(chimera ${entry.name} --help says how)`);
    if (all || entry.name === wanted) (await entry.load()).define(command, io);
  }
  if (all)
    await (
      await import("./commands/completion.ts")
    ).attachCompletion(program, io, called === "complete" ? argv : undefined);
  else program.command(completionEntry.name).summary(completionEntry.summary);
  return program;
}

/** As all that is told begins. */
function tellUsage(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /u, "chimera: "));
}

/** A default is shown as it would be typed, and none that is empty. */
function describeOption({ description, argChoices, defaultValue }: Option): string {
  const hasDefault =
    typeof defaultValue === "number" || (typeof defaultValue === "string" && defaultValue !== "");
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(hasDefault ? [`default: ${defaultValue}`] : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}

function report(
  error: unknown,
  { io, argv, json }: { io: Io; argv: readonly string[]; json: boolean },
): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Commander has told the person already.
    if (json) io.out(errorDocument("usage", printableLine(error.message)));
    return errorCodes.usage.exit;
  }
  if (io.signal.aborted) {
    io.err(`chimera: interrupted; ${whatStays(argv)}\n`);
    return interruptExit(io.signal.reason);
  }
  if (!(error instanceof ChimeraError)) {
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.err(`chimera: this is a bug in chimera:\n${printable(trace)}\n`);
    return errorCodes.bug.exit;
  }
  const message = printable(errorChain(error));
  if (json) io.out(errorDocument(error.code, message));
  io.err(`chimera: ${message} [${error.code}]\n`);
  return errorCodes[error.code].exit;
}

function whatStays(argv: readonly string[]): string {
  const isOfRuns = ["run", "attach", "logs", "stop", "rm", "restart"].includes(argv[0] ?? "");
  return isOfRuns
    ? "what runs in a session runs on (chimera ps)"
    : "what was published stays published (chimera history)";
}

function errorDocument(code: string, message: string): string {
  return `${printableJson({ type: "error", code, message })}\n`;
}

/** As a shell counts it: 128 and the number of the signal. */
function interruptExit(reason: unknown): number {
  return reason === "SIGTERM" ? 143 : 130;
}
