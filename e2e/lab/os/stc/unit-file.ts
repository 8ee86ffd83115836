// PURE: unit files as data: sections, keys, and every value in order; drop-ins are appended.

export type UnitFile = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Parses a unit file and its drop-ins, in that order. Text before the first section is ignored, as systemd does. */
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

/** A boolean as systemd reads it; what is neither yes nor no counts as absent. */
export function flag(unit: UnitFile, section: string, key: string): boolean | undefined {
  const value = lastValue(unit, section, key)?.toLowerCase();
  if (value === undefined) return undefined;
  if (["1", "yes", "true", "on", "y", "t"].includes(value)) return true;
  if (["0", "no", "false", "off", "n", "f"].includes(value)) return false;
  return undefined;
}

function addValue(section: Map<string, string[]>, line: string): void {
  const at = line.indexOf("=");
  if (at <= 0) return;
  const key = line.slice(0, at).trim();
  const values = section.get(key) ?? [];
  values.push(line.slice(at + 1).trim());
  section.set(key, values);
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let pending = "";
  for (const raw of text.split("\n")) {
    const trimmed = raw.trim();
    // systemd drops comments even between continued lines
    if (/^[#;]/.test(trimmed)) continue;
    if (trimmed.endsWith("\\")) {
      pending += `${trimmed.slice(0, -1)} `;
      continue;
    }
    const line = `${pending}${trimmed}`.trim();
    pending = "";
    if (line !== "") lines.push(line);
  }
  if (pending.trim() !== "") lines.push(pending.trim());
  return lines;
}
