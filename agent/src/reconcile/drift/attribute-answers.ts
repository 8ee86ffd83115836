/** PURE. Of which paths a call of lsattr or getfattr said something: of all others nothing is known, whatever its output lacks. */
import { parseAttributeNames, parseFlags } from "./entry-attributes.ts";

export interface ToolWords {
  parse(stdout: string): Map<string, string[]>;
  /** Paths that its output names, with or without anything to tell of them. */
  named(stdout: string): ReadonlySet<string>;
  /** A line of its complaints, with the groups `path` and `why`. */
  complaint: RegExp;
}

export const lsattrWords: ToolWords = {
  parse: parseFlags,
  named: (stdout) => new Set(stdout.split("\n").map((line) => line.slice(line.indexOf(" ") + 1))),
  complaint: /^\S+: (?<why>.+?) (?:while reading flags on|while trying to stat) (?<path>.+)$/i,
};

export const getfattrWords: ToolWords = {
  parse: parseAttributeNames,
  named: (stdout) => new Set(parseAttributeNames(stdout).keys()),
  complaint: /^\S+: (?<path>.+): (?<why>[^:]+)$/,
};

export interface ToolAnswer {
  /** Null where it did not end by itself, or could not be started. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** It took too long, or said more than was read. */
  isCut: boolean;
}

/** The file system has none: that is an answer. */
const hasNone = /^(?:operation not supported|inappropriate ioctl for device|function not implemented)$/i;

/** Those of `paths` of which it said nothing. */
export function unansweredOf(words: ToolWords, answer: ToolAnswer, paths: readonly string[]): string[] {
  const { exitCode, stdout, stderr, isCut } = answer;
  const isWhole = exitCode !== null && !isCut;
  if (isWhole && exitCode === 0) return [];
  const named = words.named(stdout);
  const complaints = isWhole ? complaintsOf(words, stderr, new Set(paths)) : null;
  return paths.filter((path) => {
    if (named.has(path)) return false;
    const why = complaints?.get(path);
    return why === undefined ? complaints === null : !hasNone.test(why);
  });
}

/** By path; null where one is about something else, for then it is not known what was not looked at. */
function complaintsOf(
  { complaint }: ToolWords,
  stderr: string,
  paths: ReadonlySet<string>,
): Map<string, string> | null {
  const found = new Map<string, string>();
  for (const line of stderr.split("\n")) {
    if (line === "") continue;
    const { path = "", why = "" } = complaint.exec(line)?.groups ?? {};
    if (!paths.has(path)) return null;
    found.set(path, why);
  }
  return found.size === 0 ? null : found;
}
