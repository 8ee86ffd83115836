/** SHELL. `chimera completion SHELL`, and the hidden `chimera complete` that the script asks at every Tab. */
import type { RootCommand } from "@bomb.sh/tab";
import tab from "@bomb.sh/tab/commander";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Command } from "commander";
import { commandTable, completionEntry } from "../command-table.ts";
import { auditKinds } from "../audit/audit-rows.ts";
import { createApiClient, type ApiClient } from "../api/api-client.ts";
import { readContexts } from "../context/context-file.ts";
import { currentContext } from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { examples } from "../parse-options.ts";
import { entryKinds } from "../print/timeline/entry.ts";
import { readProject } from "../project/project-file.ts";
import { wantsFile } from "./wants-file.ts";

/** A Tab that takes longer is pressed again. */
const patienceMs = 400;

interface Words {
  contexts: string[];
  nodes: string[];
  tags: string[];
  proposals: string[];
  /** Living and ended runs of this machine. */
  runs: { living: string[]; all: string[] };
  /** Of nodes, as NODE/SESSION: those that run, and all. */
  sessions: { living: string[]; all: string[] };
}

/** Every command must be defined already: their options are what is completed. `asked`: the words so far, at a Tab. */
export async function attachCompletion(
  program: Command,
  io: Io,
  asked: readonly string[] | undefined,
): Promise<void> {
  const root = tab(program, { completionCommandName: "completion" });
  program.commands
    .find((command) => command.name() === "completion")
    ?.summary("print a completion script for a shell")
    .addHelpText(
      "after",
      examples([
        "chimera completion bash > /etc/bash_completion.d/chimera",
        "source <(chimera completion zsh)",
        "chimera completion fish > ~/.config/fish/completions/chimera.fish",
      ]),
    )
    .hook("postAction", (_, { args }) => {
      // The script asks bash for no files of its own, wherever that is left to it.
      if (args[0] === "bash") io.out("complete -o default -F __chimera_complete chimera\n");
    });
  const words = asked?.slice(2) ?? [];
  if (asked !== undefined && wantsFile(program, words)) leaveToShell(program, io);
  else if (asked !== undefined) {
    shorten(root);
    offerWords(root, await readWords(io, asked));
  }
}

/** Beside a list of words there is room for one line. */
function shorten({ commands }: RootCommand): void {
  for (const { name, summary } of [...commandTable, completionEntry]) {
    const command = commands.get(name);
    if (command !== undefined) command.description = summary;
  }
}

/** No word, and no word to the shell that it should offer none of its own. */
function leaveToShell(program: Command, io: Io): void {
  program.commands.find((command) => command.name() === "complete")?.action(() => io.out(":0\n"));
}

function offerWords(
  { commands }: RootCommand,
  { contexts, nodes, tags, proposals, runs, sessions }: Words,
): void {
  const context = offer(contexts, "context");
  const targets = offer([...nodes, ...tags], "target");
  const own = offer(nodes, "node");
  const kinds = offer(["all", ...entryKinds], "kind");
  const audited = offer(auditKinds, "kind");
  const byCommand = new Map([
    ["attach", offer([...runs.living, ...sessions.living], "session")],
    ["stop", offer(runs.living, "session")],
    ["logs", offer([...runs.all, ...sessions.all], "session")],
    ["rm", offer(runs.all, "session")],
    ["restart", offer(runs.all, "session")],
    ["context use", context],
    ["sign", offer(proposals, "proposal")],
    ["drift", own],
    ["drift show", own],
    ["drift history", own],
    ["drift explain", own],
    ["drift adopt", own],
    ["drift ignore", targets],
    ["drift unignore", targets],
    ["drift resume", targets],
  ]);
  for (const [name, command] of commands) {
    for (const option of command.options.values()) {
      if (option.value === "context") option.handler = context;
      if (option.value === "target") option.handler = targets;
      if (option.value === "node") option.handler = own;
      if (option.value === "kind") option.handler = name === "audit" ? audited : kinds;
    }
    const argument = [...command.arguments.values()][0];
    const words = byCommand.get(name);
    if (words !== undefined && argument !== undefined) argument.handler = words;
  }
}

function offer(
  words: readonly string[],
  what: string,
): (complete: (word: string, what: string) => void) => void {
  return (complete) => {
    for (const word of words) complete(word, what);
  };
}

/** Nodes of chimera.toml, else those of the controller where it answers at once. */
async function readWords(io: Io, asked: readonly string[]): Promise<Words> {
  const project = await orNothing(readProject(io, undefined));
  const contexts = await orNothing(readContexts(io));
  const own = Object.entries(project?.nodes ?? {});
  const nodes = own.length > 0 ? own.map(([node]) => node) : ((await orNothing(registeredNodes(io))) ?? []);
  const proposals = asked.includes("sign") ? await orNothing(proposalIds(io)) : undefined;
  return {
    ...(await readSessions(io, asked)),
    proposals: proposals ?? [],
    contexts: Object.keys(contexts?.contexts ?? {}),
    nodes,
    tags: [...new Set(own.flatMap(([, { tags }]) => tags.map((tag) => `@${tag}`)))],
  };
}

async function readSessions(io: Io, asked: readonly string[]): Promise<Pick<Words, "runs" | "sessions">> {
  const asks = (...names: string[]): boolean => names.some((name) => asked.includes(name));
  const runs = asks("attach", "stop", "logs", "rm", "restart") ? await runNames(io) : none;
  const sessions = asks("attach", "logs") ? await orNothing(sessionNames(io)) : none;
  return { runs, sessions: sessions ?? none };
}

const none = { living: [], all: [] };

async function runNames(io: Io): Promise<Words["runs"]> {
  const { listRuns } = await import("../run-session/runs/run-store.ts");
  const { isLiving } = await import("../run-session/record/run-state.ts");
  const runs = listRuns(io).flatMap((found) => (found.kind === "run" ? [found.run] : []));
  const names = (some: typeof runs): string[] => [...new Set(some.map(({ record }) => record.name))];
  return { living: names(runs.filter(({ state }) => isLiving(state))), all: names(runs) };
}

async function sessionNames(io: Io): Promise<Words["sessions"]> {
  const sessions = await (await hurriedApi(io)).sessions();
  const names = (some: typeof sessions): string[] => some.map(({ node, facts }) => `${node}/${facts.name}`);
  const living = sessions.filter(({ facts }) => facts.state === "running");
  const rollout = living.some(({ facts }) => facts.kind === "rollout") ? ["rollout"] : [];
  return { living: [...rollout, ...names(living)], all: names(sessions) };
}

async function registeredNodes(io: Io): Promise<string[]> {
  return (await (await hurriedApi(io)).nodes()).map(({ node }) => node);
}

async function proposalIds(io: Io): Promise<string[]> {
  return (await (await hurriedApi(io)).proposals()).map(({ id }) => shortDigest(id));
}

async function hurriedApi(io: Io): Promise<ApiClient> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(patienceMs)]);
  return createApiClient({ ...io, signal }, await currentContext(io, undefined));
}

/** Completion offers less when something is missing or broken: its words would end up on the command line. */
async function orNothing<T>(words: Promise<T>): Promise<T | undefined> {
  return words.catch((error: unknown) => {
    if (error instanceof ChimeraError) return undefined;
    throw error;
  });
}
