/** SHELL. Which declared files and directories have flags or extended attributes; tools are asked only about what changed. */
import { lstatSync } from "node:fs";
import {
  getfattrWords,
  lsattrWords,
  unansweredOf,
  type ToolAnswer,
  type ToolWords,
} from "../../../reconcile/drift/attribute-answers.ts";
import { attempt } from "../../errno-outcome.ts";
import { tryTool } from "../try-tool.ts";

/** Names of tools that are not installed, how many of the paths are not looked at, and of which some tool says nothing again and again. */
export interface AttributeGaps {
  missing: readonly string[];
  leftOut: number;
  unanswered: readonly string[];
}

export interface AttributeBook {
  /** All paths below /etc that count now ("" is /etc itself); what was known of others is forgotten. */
  refresh(paths: Iterable<string>): Promise<AttributeGaps>;
  /** Some of them. */
  renew(paths: Iterable<string>): Promise<AttributeGaps>;
  /** Something of it changed since the look. */
  isStale(path: string): boolean;
  /** Of what is at the path still; nothing of what has changed since the look. */
  of(path: string): readonly string[];
}

interface Known {
  /** Every change of a flag or an attribute moves the time that this holds. */
  key: string;
  names: readonly string[];
  /** How many looks in a row some tool said nothing of it; it is asked again at the next one. */
  unanswered: number;
}

/** A tool may fail once, as where no process can be started; then somebody must know. */
const tellAfter = 3;

/** Entries looked at; a closure that declares more copies than this has the rest unseen, and that is told. */
const mostLooked = 4096;
/** Names of one call, so that an argument list of the longest of them still fits. */
const pathsPerCall = 256;
const timeoutMs = 20_000;
const mostBytes = 1 << 20;

interface AttributeTool {
  file: string;
  options: readonly string[];
  words: ToolWords;
}

const usualTools: readonly AttributeTool[] = [
  { file: "lsattr", options: ["-d"], words: lsattrWords },
  { file: "getfattr", options: ["-h", "--absolute-names", "-m", "-"], words: getfattrWords },
];

export function createAttributeBook(
  etcDir: string,
  tools = usualTools,
  mostPaths = mostLooked,
): AttributeBook {
  const known = new Map<string, Known>();
  const renew = async (paths: Iterable<string>): Promise<AttributeGaps> => {
    const { changed, leftOut } = changedOf(paths, { etcDir, known, mostPaths });
    const asked = [...changed.keys()].map((path) => absolute(etcDir, path));
    const { found, missing, unanswered } = await look(tools, asked);
    for (const [path, key] of changed) {
      const place = absolute(etcDir, path);
      const failures = unanswered.has(place) ? (known.get(path)?.unanswered ?? 0) + 1 : 0;
      known.set(path, { key, names: found.get(place) ?? [], unanswered: failures });
    }
    const silent = [...changed.keys()].filter((path) => (known.get(path)?.unanswered ?? 0) >= tellAfter);
    return { missing, leftOut, unanswered: silent };
  };
  return {
    renew,
    refresh(paths) {
      const now = new Set(paths);
      for (const path of known.keys()) if (!now.has(path)) known.delete(path);
      return renew(now);
    },
    isStale(path) {
      const key = keyOf(absolute(etcDir, path));
      // What there is no room for is asked no more often than by sweeps.
      return key !== null && known.get(path)?.key !== key && (known.has(path) || known.size < mostPaths);
    },
    of(path) {
      const entry = known.get(path);
      if (entry === undefined || entry.names.length === 0) return [];
      return keyOf(absolute(etcDir, path)) === entry.key ? entry.names : [];
    },
  };
}

interface Room {
  etcDir: string;
  known: ReadonlyMap<string, Known>;
  mostPaths: number;
}

/** What is known already always has room. */
function changedOf(paths: Iterable<string>, { etcDir, known, mostPaths }: Room) {
  const changed = new Map<string, string>();
  let [room, leftOut] = [mostPaths - known.size, 0];
  for (const path of paths) {
    const key = keyOf(absolute(etcDir, path));
    const isKnown = known.has(path);
    const last = known.get(path);
    if (key === null || (last?.key === key && last.unanswered === 0)) continue;
    if (!isKnown && room <= 0) leftOut += 1;
    else changed.set(path, key);
    if (!isKnown) room -= 1;
  }
  return { changed, leftOut };
}

function absolute(etcDir: string, path: string): string {
  return path === "" ? etcDir : `${etcDir}/${path}`;
}

/** `null` for what has no attributes to look at: a link, a pipe, nothing. */
function keyOf(path: string): string | null {
  const stats = attempt(() => lstatSync(path, { bigint: true }));
  if (stats.kind === "failed" || !(stats.value.isFile() || stats.value.isDirectory())) return null;
  const { dev, ino, ctimeNs } = stats.value;
  return `${dev}:${ino}:${ctimeNs}`;
}

interface Looked {
  found: Map<string, string[]>;
  missing: string[];
  unanswered: Set<string>;
}

async function look(tools: readonly AttributeTool[], paths: readonly string[]): Promise<Looked> {
  const found = new Map<string, string[]>();
  const [missing, unanswered] = [new Set<string>(), new Set<string>()];
  // A line break in a name cannot be told from the end of a line.
  const plain = paths.filter((path) => !/\p{Cc}/u.test(path));
  for (let first = 0; first < plain.length; first += pathsPerCall) {
    const some = plain.slice(first, first + pathsPerCall);
    for (const tool of tools) {
      const answer = await ask(tool, some);
      if (answer === null) {
        missing.add(tool.file);
        continue;
      }
      for (const path of unansweredOf(tool.words, answer, some)) unanswered.add(path);
      for (const [path, names] of tool.words.parse(answer.stdout))
        found.set(path, [...(found.get(path) ?? []), ...names]);
    }
  }
  return { found, missing: [...missing], unanswered };
}

/** Null where it is not installed. */
async function ask({ file, options }: AttributeTool, paths: readonly string[]): Promise<ToolAnswer | null> {
  const limits = { timeoutMs, maxBytes: mostBytes, errorBytes: mostBytes };
  const result = await tryTool(file, [...options, "--", ...paths], limits);
  if (result === null) return null;
  return { ...result, isCut: result.timedOut || Buffer.byteLength(result.stdout) >= mostBytes };
}
