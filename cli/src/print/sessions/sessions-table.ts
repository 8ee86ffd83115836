/** PURE. `chimera sessions` for people. */
import type { ListedSession } from "@chimera/proto/sessions/session-api";
import type { AgeMs } from "../age.ts";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { bytes, duration } from "../units.ts";
import { stateText } from "./session-words.ts";

const head = ["SESSION", "KIND", "STATE", "LASTED", "ENDED", "OUTPUT", "VIEWERS", "KEYBOARD", "WHAT"];
const widest = 60;

export function sessionsTable(sessions: readonly ListedSession[], ageMs: AgeMs, paint: Paint): string {
  if (sessions.length === 0) return "no sessions (with --all also those that have ended)\n";
  return table(
    head,
    sessions.map((listed) => rowOf(listed, ageMs, paint)),
    paint,
  );
}

function rowOf({ node, facts }: ListedSession, ageMs: AgeMs, paint: Paint): string[] {
  const { name, kind, createdAt, endedAt, viewers, keyboard, what } = facts;
  const lastedMs = ageMs(createdAt) - (endedAt === null ? 0 : ageMs(endedAt));
  return [
    `${node}/${name}`,
    kind,
    painted(facts, paint),
    duration(lastedMs),
    endedAt === null ? "-" : `${duration(ageMs(endedAt))} ago`,
    bytes(facts.bytes),
    viewers === 0 ? "-" : String(viewers),
    keyboard === null ? "-" : cut(keyboard.holder, 24),
    cut(what, widest),
  ];
}

function painted(facts: ListedSession["facts"], paint: Paint): string {
  const text = stateText(facts);
  if (facts.state === "running") return paint("green", text);
  return facts.state === "ended" && facts.exitCode === 0 ? text : paint("red", text);
}

function cut(text: string, length: number): string {
  const line = printableLine(text);
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
