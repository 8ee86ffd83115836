/** PURE. The folder etc/systemd/system of one system, as values: what each name is, its drop-ins, and who pulls it in. */
import { joinUnit, type ParsedFile, type UnitFile } from "./unit-file.ts";

export type UnitSource =
  /** `from`: what tells two files apart without reading them, as the store path. */
  | { kind: "file"; from: string; parsed: ParsedFile }
  | { kind: "masked" }
  /** A link to another name of the folder. */
  | { kind: "alias"; of: string }
  /** Lies in no store path: this closure says nothing about it, and the switch does not touch it. */
  | { kind: "outside"; target: string }
  | { kind: "unreadable"; from: string; why: string };

export interface DropIn {
  name: string;
  source: UnitSource;
}

export interface UnitFolder {
  sources: ReadonlyMap<string, UnitSource>;
  /** By the unit's or template's name, sorted by file name. */
  dropIns: ReadonlyMap<string, readonly DropIn[]>;
  /** Names in `<unit>.wants`, `.requires` and `.upholds`. */
  links: Readonly<Record<LinkKind, ReadonlyMap<string, readonly string[]>>>;
}

export type LinkKind = "wants" | "requires" | "upholds";

/** "foo@.service" of "foo@bar.service"; undefined for what is no instance. */
export function templateOf(name: string): string | undefined {
  const found = /^(?<stem>.*)@[^.]+\.(?<type>[a-z]+)$/u.exec(name)?.groups;
  return found === undefined ? undefined : `${found["stem"]}@.${found["type"]}`;
}

/** The name under which systemd knows the unit. */
export function primaryName(folder: UnitFolder, name: string): string {
  let found = name;
  for (let hops = 0; hops < 16; hops += 1) {
    const source = folder.sources.get(found);
    if (source?.kind !== "alias") return found;
    found = source.of;
  }
  return name;
}

/** Whose file defines a unit in this folder: its own, or for an instance without one its template's. */
export function baseOf(folder: UnitFolder, name: string): string {
  return folder.sources.has(name) ? name : (templateOf(name) ?? name);
}

/** The same where two folders are compared: a file of its own in either of them takes the template's place in both. */
export function commonBase(folders: readonly UnitFolder[], name: string): string {
  return folders.some(({ sources }) => sources.has(name)) ? name : (templateOf(name) ?? name);
}

export function sourceOf(folder: UnitFolder, base: string): UnitSource | undefined {
  return folder.sources.get(primaryName(folder, base));
}

/** Undefined where there is no unit of that name here, or where it is masked, lies outside or cannot be read. */
export function unitOf(folder: UnitFolder, name: string, base = baseOf(folder, name)): UnitFile | undefined {
  const source = sourceOf(folder, base);
  if (source?.kind !== "file") return undefined;
  const dropIns = dropInsOf(folder, name, base).flatMap(({ source: dropIn }) =>
    dropIn.kind === "file" ? [dropIn.parsed] : [],
  );
  return dropIns.length === 0 ? source.parsed.alone : joinUnit([source.parsed, ...dropIns]);
}

/** Two units with equal digests need no comparison. */
export function unitDigest(folder: UnitFolder, name: string, base: string): string {
  const parts = [sourceOf(folder, base), ...dropInsOf(folder, name, base).map(({ source }) => source)];
  return JSON.stringify(parts.map((source) => (source?.kind === "file" ? source.from : (source ?? null))));
}

/** Why the unit cannot be compared. */
export function unreadable(folder: UnitFolder, name: string, base: string): string | undefined {
  const sources = [sourceOf(folder, base), ...dropInsOf(folder, name, base).map(({ source }) => source)];
  return sources.flatMap((source) => (source?.kind === "unreadable" ? [source.why] : []))[0];
}

/** Whether an instance is defined here by drop-ins of its own, and not by its template alone. */
export function hasOwnDropIns(folder: UnitFolder, name: string): boolean {
  return (folder.dropIns.get(name) ?? []).some(({ source }) => source.kind !== "masked");
}

/** The template's, then the instance's. */
function dropInsOf({ dropIns }: UnitFolder, name: string, base: string): readonly DropIn[] {
  const own = dropIns.get(name) ?? [];
  return base === name ? own : [...(dropIns.get(base) ?? []), ...own];
}
