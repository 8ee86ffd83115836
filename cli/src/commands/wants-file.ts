/** PURE. Whether the word that somebody types is the name of a file of this machine: his shell knows those better than we do. */
import type { Command, Option } from "commander";

const ofFiles = /^(?:file|path|folder|dir)$/u;

/** `words`: what stands behind `chimera`, the last of them is being typed. */
export function wantsFile(program: Command, words: readonly string[]): boolean {
  const before = words.slice(0, -1);
  const at = placeOf(program, before);
  if (at.option !== undefined) return ofFiles.test(valueName(at.option));
  if ((words.at(-1) ?? "").startsWith("-")) return false;
  const { registeredArguments: all } = at.command;
  const argument = all[at.position] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined);
  return argument !== undefined && ofFiles.test(argument.name());
}

interface Place {
  command: Command;
  /** How many arguments stand before it. */
  position: number;
  /** It is this one's value. */
  option: Option | undefined;
}

function placeOf(program: Command, words: readonly string[]): Place {
  let at: Place = { command: program, position: 0, option: undefined };
  for (const word of words) at = behind(at, word);
  return at;
}

function behind({ command, position, option }: Place, word: string): Place {
  if (option !== undefined) return { command, position, option: undefined };
  if (word.startsWith("-")) {
    const found = command.options.find(({ short, long }) => short === word || long === word);
    return { command, position, option: found?.required === true ? found : undefined };
  }
  const below = position === 0 ? command.commands.find((one) => one.name() === word) : undefined;
  if (below !== undefined) return { command: below, position: 0, option: undefined };
  return { command, position: position + 1, option: undefined };
}

/** `file` of `--record <file>`. */
function valueName({ flags }: Option): string {
  return /<([a-z]+)/u.exec(flags)?.[1] ?? "";
}
