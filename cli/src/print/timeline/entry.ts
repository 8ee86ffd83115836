/** PURE. One thing that happened, as data: what a line of the timeline says, and its JSON. */
import type { Paint, Style } from "../paint.ts";
import { printableLine } from "../printable.ts";

export const entryKinds = [
  "order",
  "rollout",
  "state",
  "drift",
  "health",
  "reboot",
  "alarm",
  "local",
  "session",
  "refused",
  "other",
  "accepted",
  "activation",
  "agent",
  "receipt",
] as const;
export type EntryKind = (typeof entryKinds)[number];

/** What says little to most readers is left out until it is asked for. */
export const quietKinds: ReadonlySet<EntryKind> = new Set(["accepted", "activation", "agent", "receipt"]);

export interface Gist {
  kind: EntryKind;
  what: string;
  why: string;
  by: string;
  style?: Style | undefined;
}

export interface Entry extends Gist {
  /** When the store or stream took it: by the clock of NATS. */
  at: string;
  /** By the clock of whoever wrote it; null where he wrote none. */
  saidAt: string | null;
  /** How much later than it was said it was taken; negative where that clock is ahead. 0 where nobody said. */
  lateMs: number;
  /** Null for what is about the fleet. */
  node: string | null;
  /** Somebody's signature was checked here; all else is what a node or lead reports. */
  signed: boolean;
  /** As it came, for programs. */
  data: unknown;
}

/** Clocks differ; a node that was away tells later. */
const worthSayingMs = 5000;
/** In characters: a reason of 100 KB is for --json. */
const longest = 300;

export function entryLine(entry: Entry, paint: Paint): string {
  const { at, node, kind, what, why, by, style, saidAt, lateMs } = entry;
  const isLate = saidAt !== null && Math.abs(lateMs) > worthSayingMs;
  const parts = [
    shownTime(at),
    (node ?? "*").padEnd(12),
    kind.padEnd(10),
    style === undefined ? short(what) : paint(style, short(what)),
    why === "" ? "" : `: ${short(why)}`,
    by === "" ? "" : paint("dim", ` (by ${short(by)})`),
    isLate ? paint("yellow", ` [${saidAt} by its own clock]`) : "",
  ];
  return `${parts.slice(0, 4).join("  ")}${parts.slice(4).join("")}\n`;
}

/** "2026-11-29 12:00:03", UTC. */
export function shownTime(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

export function short(text: string, most = longest): string {
  // What is cut off is never looked at: a pattern over 100 KB takes its time.
  const line = printableLine(text.slice(0, most * 4));
  return line.length > most || text.length > most * 4 ? `${line.slice(0, most)}…` : line;
}

const stateStyles: ReadonlyMap<string, Style> = new Map([
  ["committed", "green"],
  ["reverted", "red"],
  ["revert-failed", "red"],
  ["refused", "red"],
  ["stuck", "red"],
  ["reverting", "yellow"],
  ["held", "yellow"],
  ["panic-no-target", "red"],
]);

export function styleOf(state: string): Style | undefined {
  return stateStyles.get(state);
}
