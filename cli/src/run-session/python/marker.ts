/** PURE. Environment markers of PEP 508: `python_version < "3.11" and sys_platform == "linux"`. */
import { satisfies, valid } from "@renovatebot/pep440";

export interface MarkerFacts {
  /** "3.12.4" */
  python: string;
  /** Nix's name of it: "x86_64-linux". */
  system: string;
}

type Values = Readonly<Record<string, string>>;
interface Reader {
  tokens: readonly string[];
  at: number;
  values: Values;
}

const versionOperators = ["==", "~=", "!=", "<=", ">=", "<", ">"];
const asText: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  "==": (left, right) => left === right,
  "===": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  ">": (left, right) => left > right,
  "<=": (left, right) => left <= right,
  ">=": (left, right) => left >= right,
  in: (left, right) => right.includes(left),
  "not in": (left, right) => !right.includes(left),
};
/** Deeper than any that was written by a person. */
const deepest = 32;

/** Undefined for what is no marker. */
export function markerHolds(marker: string, facts: MarkerFacts): boolean | undefined {
  const tokens = tokenize(marker);
  if (tokens === undefined) return undefined;
  const reader: Reader = { tokens, at: 0, values: valuesOf(facts) };
  const holds = anyOf(reader, 0);
  return reader.at === tokens.length ? holds : undefined;
}

function tokenize(text: string): string[] | undefined {
  const token =
    /\s*(?:(?<word>not\s+in\b|[A-Z_][A-Z0-9_.]*|[<>=!~]+|[()])|"(?<double>[^"]*)"|'(?<single>[^']*)')\s*/giuy;
  const tokens: string[] = [];
  let end = 0;
  for (const { 0: whole, groups } of text.matchAll(token)) {
    end += whole.length;
    const quoted = groups?.["double"] ?? groups?.["single"];
    tokens.push(quoted === undefined ? (groups?.["word"] ?? "").replace(/\s+/u, " ") : `"${quoted}`);
  }
  return end === text.length && tokens.length > 0 ? tokens : undefined;
}

function valuesOf({ python, system }: MarkerFacts): Values {
  const [machine = "", platform = ""] = system.split("-");
  const isMac = platform === "darwin";
  return {
    python_version: python.split(".").slice(0, 2).join("."),
    python_full_version: python,
    implementation_version: python,
    implementation_name: "cpython",
    platform_python_implementation: "CPython",
    os_name: "posix",
    sys_platform: platform,
    platform_system: isMac ? "Darwin" : "Linux",
    platform_machine: isMac && machine === "aarch64" ? "arm64" : machine,
    platform_release: "",
    platform_version: "",
    extra: "",
  };
}

function anyOf(reader: Reader, depth: number): boolean | undefined {
  let holds = allOf(reader, depth);
  while (take(reader, "or")) {
    const next = allOf(reader, depth);
    holds = holds === undefined || next === undefined ? undefined : holds || next;
  }
  return holds;
}

function allOf(reader: Reader, depth: number): boolean | undefined {
  let holds = one(reader, depth);
  while (take(reader, "and")) {
    const next = one(reader, depth);
    holds = holds === undefined || next === undefined ? undefined : holds && next;
  }
  return holds;
}

function one(reader: Reader, depth: number): boolean | undefined {
  if (depth > deepest) return undefined;
  if (take(reader, "(")) {
    const holds = anyOf(reader, depth + 1);
    return take(reader, ")") ? holds : undefined;
  }
  const left = value(reader);
  const operator = reader.tokens[reader.at] ?? "";
  reader.at += 1;
  const right = value(reader);
  if (left === undefined || right === undefined) return undefined;
  return compare(left, operator, right);
}

function take(reader: Reader, token: string): boolean {
  if (reader.tokens[reader.at] !== token) return false;
  reader.at += 1;
  return true;
}

function value(reader: Reader): string | undefined {
  const token = reader.tokens[reader.at];
  reader.at += 1;
  if (token?.startsWith('"') === true) return token.slice(1);
  return token !== undefined && Object.hasOwn(reader.values, token) ? reader.values[token] : undefined;
}

/** By version where both are versions, else as text: so says the specification. */
function compare(left: string, operator: string, right: string): boolean | undefined {
  const isVersion = valid(left) !== null && valid(right.replace(/\.\*$/u, "")) !== null;
  if (isVersion && versionOperators.includes(operator)) {
    return satisfies(left, `${operator}${right}`, { prereleases: true });
  }
  return Object.hasOwn(asText, operator) ? asText[operator]?.(left, right) : undefined;
}
