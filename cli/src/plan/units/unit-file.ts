/**
 * PURE. A unit file as the switch compares it and as systemd reads it: sections, keys, and the values that each file
 * (the unit, then its drop-ins) gives them. Where the two read differently, as with comments at the end of a line, it is as
 * the switch reads it: that decides.
 */

/** One list for each file that sets the key. */
type Values = readonly (readonly string[])[];
export type UnitFile = ReadonlyMap<string, ReadonlyMap<string, Values>>;

export interface ParsedFile {
  /** A section that is only opened is there too. */
  sections: ReadonlyMap<string, ReadonlyMap<string, FileValues>>;
  /** Lines that are no section, assignment or comment: the switch may stop at them. */
  strayLines: readonly number[];
  /** The unit without any drop-in: nearly all are, and a thousand nodes share them. */
  alone: UnitFile;
}

interface FileValues {
  values: string[];
  /** An empty assignment forgets what stood before, in other files too. */
  resets: boolean;
}

export function parseUnitText(text: string): ParsedFile {
  const sections = new Map<string, Map<string, FileValues>>();
  const strayLines: number[] = [];
  let section: Map<string, FileValues> | undefined;
  for (const { line, at } of logicalLines(text)) {
    const opened = /^\[([^\]]*)\]/u.exec(line)?.[1]?.trim();
    if (opened !== undefined) section = opened === "Install" ? new Map() : sectionOf(sections, opened);
    else if (!assign(section ?? new Map<string, FileValues>(), line)) strayLines.push(at);
  }
  return { sections, strayLines, alone: joinUnit([{ sections }]) };
}

/** The unit's file and its drop-ins, in the order in which systemd takes them. */
export function joinUnit(files: readonly Pick<ParsedFile, "sections">[]): UnitFile {
  const unit = new Map<string, Map<string, Values>>();
  for (const { sections } of files) {
    for (const [name, keys] of sections) {
      const section = sectionOf(unit, name);
      for (const [key, { values, resets }] of keys) {
        const before = resets ? [] : (section.get(key) ?? []);
        section.set(key, values.length === 0 ? before : [...before, values]);
      }
    }
  }
  return unit;
}

/** As the switch reads a boolean: "1", "yes", "true" and "on" are true, any other word is false, none is the default. */
export function flag(unit: UnitFile, name: `${string}/${string}`, byDefault: "true" | "false"): boolean {
  const last = valuesOf(unit, name).at(-1);
  return last === undefined ? byDefault === "true" : ["1", "yes", "true", "on"].includes(last);
}

/** A list of names, as systemd splits it. */
export function words(unit: UnitFile, name: `${string}/${string}`): string[] {
  return valuesOf(unit, name).flatMap((value) => value.split(/\s+/u).filter((word) => word !== ""));
}

export function lastValue(unit: UnitFile, name: `${string}/${string}`): string | undefined {
  return valuesOf(unit, name).at(-1);
}

function valuesOf(unit: UnitFile, name: string): string[] {
  const [section = "", key = ""] = name.split("/");
  return (unit.get(section)?.get(key) ?? []).flat();
}

function sectionOf<T>(sections: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const known = sections.get(name);
  if (known !== undefined) return known;
  const made = new Map<string, T>();
  sections.set(name, made);
  return made;
}

/** False for a line that is no assignment, or one whose quotes stay open: the switch reads on into the next line. */
function assign(section: Map<string, FileValues>, line: string): boolean {
  const at = line.search(/[=:]/u);
  const value = readValue(line.slice(at + 1).trim());
  if (at < 0 || value === undefined) return false;
  const key = line.slice(0, at).trim();
  const known = section.get(key);
  if (value === "") section.set(key, { values: [], resets: true });
  else if (known === undefined) section.set(key, { values: [value], resets: false });
  else known.values.push(value);
  return true;
}

/** The switch drops the quotes that a value begins with, and what follows # or ; after a space outside of them. */
function readValue(text: string): string | undefined {
  const mark = text[0];
  const isQuoted = mark === '"' || mark === "'";
  const end = isQuoted ? text.indexOf(mark, 1) : 0;
  if (end < 0) return undefined;
  const quoted = isQuoted ? text.slice(1, end) : "";
  return `${quoted}${text.slice(isQuoted ? end + 1 : 0).replace(/[ \t][#;].*$/su, "")}`.trim();
}

function* logicalLines(text: string): Generator<{ line: string; at: number }> {
  let pending = "";
  let number = 0;
  let begun = 0;
  for (const raw of text.split("\n")) {
    number += 1;
    // Comments between continued lines are dropped, and the line goes on after them.
    if (/^\s*[#;]/u.test(raw)) continue;
    if (pending === "") begun = number;
    const line = raw.trimEnd();
    if (line.endsWith("\\")) {
      pending += line.slice(0, -1);
      continue;
    }
    const whole = `${pending}${line}`.trim();
    pending = "";
    if (whole !== "") yield { line: whole, at: begun };
  }
  if (pending.trim() !== "") yield { line: pending.trim(), at: begun };
}
