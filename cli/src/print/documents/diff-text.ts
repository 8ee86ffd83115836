/** PURE. What lies between two closures, package by package, and which nodes share it. */
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { bytes, bytesChange, shortPath } from "../units.ts";

interface PackageRow {
  name: string;
  change: "added" | "removed" | "version" | "size";
  old: readonly string[];
  new: readonly string[];
  sizeChange: number;
}

export interface GroupText {
  pairs: readonly { node: string; old: string; new: string }[];
  packages: readonly PackageRow[];
  rebuilt: number;
  missing: string | null;
  /** Bytes, of each pair. */
  closures: readonly { old: number; new: number }[];
}

const mostNodes = 8;

export function diffText(groups: readonly GroupText[], paint: Paint): string {
  return groups.map((group) => groupText(group, paint)).join("\n");
}

function groupText(group: GroupText, paint: Paint): string {
  const { packages, missing } = group;
  const rows = packages.map((row) => packageCells(row, paint));
  const list = rows.length === 0 ? "" : table(["PACKAGE", "OLD", "NEW", "SIZE"], rows, paint);
  const body =
    missing === null ? `${list}${restText(group)}${sizeText(group)}` : `${printableLine(missing)}\n`;
  return `${titleText(group, paint)}${body}`;
}

/** Nodes that run one system are named together; else each with its own, as far as they fit. */
function titleText({ pairs }: GroupText, paint: Paint): string {
  const [first] = pairs;
  if (first === undefined) return "";
  const left = pairs.length - mostNodes;
  const shown = pairs.slice(0, mostNodes);
  const isOne = pairs.every((pair) => pair.old === first.old && pair.new === first.new);
  if (isOne) {
    const names = shown.map(({ node }) => node).join(", ");
    const more = left > 0 ? `, … and ${left} more` : "";
    const count = pairs.length === 1 ? "" : `${pairs.length} nodes: `;
    return `${paint("bold", `${count}${names}${more}`)}: ${systemsText(first)}\n`;
  }
  const lines = shown.map((pair) => `  ${pair.node}: ${systemsText(pair)}\n`).join("");
  const more = left > 0 ? `  … and ${left} more\n` : "";
  return `${paint("bold", `${pairs.length} nodes, each with the same difference:`)}\n${lines}${more}`;
}

function systemsText({ old, new: now }: GroupText["pairs"][number]): string {
  return `${shortPath(old)} -> ${shortPath(now)}`;
}

function packageCells({ name, change, old, new: now, sizeChange }: PackageRow, paint: Paint): string[] {
  const style = { added: "green", removed: "red", version: "yellow", size: "dim" } as const;
  const [before, after] = change === "size" ? [versions(old), "(the same)"] : [versions(old), versions(now)];
  return [paint(style[change], printableLine(name)), before, after, bytesChange(sizeChange)];
}

/** "-" where the package is not there, and "(no version)" for one without. */
function versions(found: readonly string[]): string {
  return found.length === 0
    ? "-"
    : found.map((one) => (one === "" ? "(no version)" : printableLine(one))).join(", ");
}

function restText({ packages, rebuilt }: GroupText): string {
  const also = packages.length === 0 ? "no package has another version or size" : "";
  const anew =
    rebuilt === 0 ? "" : `${rebuilt} more built anew, of the same versions and about the same size`;
  const parts = [also, anew].filter((part) => part !== "");
  return parts.length === 0 ? "" : `${parts.join("; ")}\n`;
}

/** One pair's sizes, or how far they go apart. */
function sizeText({ closures }: GroupText): string {
  const [old, now, change] = [
    closures.map((one) => one.old),
    closures.map((one) => one.new),
    closures.map((one) => one.new - one.old),
  ].map((values) => [Math.min(...values), Math.max(...values)] as const);
  if (old === undefined || now === undefined || change === undefined) return "";
  return `closure ${range(old, bytes)} -> ${range(now, bytes)} (${range(change, bytesChange)})\n`;
}

function range([least, most]: readonly [number, number], text: (value: number) => string): string {
  return text(least) === text(most) ? text(least) : `${text(least)} to ${text(most)}`;
}
