/** PURE. PEP 508: one requirement of a Python package, and whether its marker holds here. */
import { markerHolds, type MarkerFacts } from "./marker.ts";
import { normalName } from "./normal-name.ts";

export interface Requirement {
  /** Normalised (PEP 503): lower case, runs of `-_.` as one dash. */
  name: string;
  extras: readonly string[];
  /** A version specifier, "" for any. */
  versions: string;
  /** Where it is to come from instead of an index. */
  url: string | null;
}

export type ParsedRequirement =
  | { kind: "needed"; requirement: Requirement }
  | { kind: "not-here" }
  | { kind: "bad"; reason: string };

const form =
  /^(?<name>[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?)\s*(?:\[(?<extras>[^\]]*)\])?\s*(?:@\s*(?<url>\S+)|\(?(?<versions>[^;@()]*)\)?)\s*(?:;(?<marker>.*))?$/iu;
const versionList = /^(?:\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Z0-9._*+!-]+\s*(?:,|$))*$/iu;

export function parseRequirement(text: string, facts: MarkerFacts): ParsedRequirement {
  const parts = form.exec(text.trim())?.groups;
  const requirement = parts === undefined ? undefined : readParts(parts);
  if (requirement === undefined) {
    return { kind: "bad", reason: `"${text}" is no requirement as PEP 508 writes them` };
  }
  const marker = parts?.["marker"];
  const holds = marker === undefined || markerHolds(marker, facts);
  if (holds === undefined) return { kind: "bad", reason: `"${text}": its marker cannot be read` };
  return holds ? { kind: "needed", requirement } : { kind: "not-here" };
}

function readParts({
  name = "",
  extras = "",
  url,
  versions = "",
}: Readonly<Record<string, string | undefined>>): Requirement | undefined {
  const names = extras
    .split(",")
    .map((extra) => extra.trim())
    .filter(Boolean);
  if (!versionList.test(versions) || names.some((extra) => !/^[A-Z0-9._-]+$/iu.test(extra))) return undefined;
  return {
    name: normalName(name),
    extras: names.map(normalName),
    versions: versions.trim(),
    url: url ?? null,
  };
}
