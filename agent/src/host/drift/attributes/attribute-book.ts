/** SHELL. Which declared files and directories have flags or extended attributes; tools are asked only about what changed. */
import { lstatSync } from "node:fs";
import { parseAttributeNames, parseFlags } from "../../../reconcile/drift/entry-attributes.ts";
import { attempt } from "../../errno-outcome.ts";
import { tryTool } from "../try-tool.ts";

/** Names of tools that are not installed, and how many of the paths are not looked at. */
export interface AttributeGaps {
  missing: readonly string[];
  leftOut: number;
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
}

/** Entries looked at; a closure that declares more copies than this has the rest unseen, and that is told. */
const mostLooked = 4096;
/** Names of one call, so that an argument list of the longest of them still fits. */
const pathsPerCall = 256;
const timeoutMs = 20_000;

interface AttributeTool {
  file: string;
  options: readonly string[];
  parse: (text: string) => Map<string, string[]>;
}

const usualTools: readonly AttributeTool[] = [
  { file: "lsattr", options: ["-d"], parse: parseFlags },
  { file: "getfattr", options: ["-h", "--absolute-names", "-m", "-"], parse: parseAttributeNames },
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
    const { found, missing } = await look(tools, asked);
    for (const [path, key] of changed)
      known.set(path, { key, names: found.get(absolute(etcDir, path)) ?? [] });
    return { missing, leftOut };
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
    if (key === null || known.get(path)?.key === key) continue;
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
}

async function look(tools: readonly AttributeTool[], paths: readonly string[]): Promise<Looked> {
  const found = new Map<string, string[]>();
  const missing = new Set<string>();
  // A line break in a name cannot be told from the end of a line.
  const plain = paths.filter((path) => !/\p{Cc}/u.test(path));
  for (let first = 0; first < plain.length; first += pathsPerCall) {
    const some = plain.slice(first, first + pathsPerCall);
    for (const { file, options, parse } of tools) {
      const result = await tryTool(file, [...options, "--", ...some], timeoutMs);
      if (result === null) missing.add(file);
      else
        for (const [path, names] of parse(result.stdout))
          found.set(path, [...(found.get(path) ?? []), ...names]);
    }
  }
  return { found, missing: [...missing] };
}
