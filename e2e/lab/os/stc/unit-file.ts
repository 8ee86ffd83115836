// PURE: unit files as data: sections, keys, and every value in order; drop-ins are appended.

export type UnitFile = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/**
 * Parses a unit file and its drop-ins, in that order. Text before the first section is ignored, as systemd does. An empty
 * assignment forgets what stood before it.
 */
export function parseUnit(texts: readonly string[]): UnitFile {
  const sections = new Map<string, Map<string, string[]>>();
  for (const text of texts) {
    let section: Map<string, string[]> | undefined;
    for (const line of logicalLines(text)) {
      const header = /^\[(.*)\]$/.exec(line)?.[1];
      if (header !== undefined) {
        section = sections.get(header) ?? new Map<string, string[]>();
        sections.set(header, section);
        continue;
      }
      if (section !== undefined) addValue(section, line);
    }
  }
  return sections;
}

export function lastValue(unit: UnitFile, section: string, key: string): string | undefined {
  return unit.get(section)?.get(key)?.at(-1);
}

/** A boolean as NixOS's switch reads it: these four words in this spelling; every other one is no. */
export function flag(unit: UnitFile, section: string, key: string): boolean | undefined {
  const value = lastValue(unit, section, key);
  return value === undefined ? undefined : ["1", "yes", "true", "on"].includes(value);
}

function addValue(section: Map<string, string[]>, line: string): void {
  const at = line.indexOf("=");
  if (at <= 0) return;
  const key = line.slice(0, at).trim();
  const value = unquoted(line.slice(at + 1).trim());
  section.set(key, value === "" ? [] : [...(section.get(key) ?? []), value]);
}

/** NixOS's switch drops the quotes that a value begins with, and comments at the end of a line. */
function unquoted(value: string): string {
  const mark = value.startsWith('"') || value.startsWith("'") ? value.slice(0, 1) : undefined;
  const end = mark === undefined ? -1 : value.indexOf(mark, 1);
  const rest = value.slice(end + 1).replace(/[ \t][#;].*$/, "");
  return (end < 0 ? rest : value.slice(1, end) + rest).trim();
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let pending = "";
  for (const raw of text.split("\n")) {
    const trimmed = raw.trim();
    // systemd drops comments even between continued lines
    if (/^[#;]/.test(trimmed)) continue;
    if (trimmed.endsWith("\\")) {
      // Spaces stay as they are: for NixOS's switch a line with others is another one.
      pending += raw.trimEnd().slice(0, -1);
      continue;
    }
    const line = `${pending}${pending === "" ? trimmed : raw.trimEnd()}`.trim();
    pending = "";
    if (line !== "") lines.push(line);
  }
  if (pending.trim() !== "") lines.push(pending.trim());
  return lines;
}
