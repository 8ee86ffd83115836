/** PURE. Points in time as people type them: an ISO time, or how long ago. */
import { ChimeraError } from "@chimera/proto/errors";
import { parseDurationMs } from "../order/duration.ts";

const time = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/u;
const ago = /^(\S+) ago$/u;
export const momentForms = '2026-11-29T14:05 (UTC, or with an offset as +01:00), 2026-11-29, or "2h ago"';

/**
 * Milliseconds since 1970; undefined for what does not look like a time. A time without an offset is UTC, as all times are
 * shown. Throws usage for what looks like one and is none, or lies in the future.
 */
export function parseMoment(text: string, nowMs: number): number | undefined {
  if (text === "now") return nowMs;
  const ms = spanAgo(text, nowMs) ?? isoTime(text);
  if (ms === undefined) return undefined;
  if (Number.isNaN(ms)) throw new ChimeraError("usage", `"${text}" is no time: give ${momentForms}`);
  if (ms > nowMs)
    throw new ChimeraError("usage", `"${text}" is ${new Date(ms).toISOString()}, in the future`);
  return ms;
}

/** The same where nothing but a time can be meant: then a span alone says enough. */
export function requireMoment(text: string, nowMs: number): number {
  const span = parseDurationMs(text);
  const ms = span === undefined ? parseMoment(text, nowMs) : nowMs - span;
  if (ms !== undefined && ms >= 0) return ms;
  throw new ChimeraError("usage", `"${text}" is no time: give ${momentForms}`);
}

function spanAgo(text: string, nowMs: number): number | undefined {
  const [, span] = ago.exec(text) ?? [];
  if (span === undefined) return undefined;
  const ms = nowMs - (parseDurationMs(span) ?? Number.NaN);
  return ms < 0 ? Number.NaN : ms;
}

function isoTime(text: string): number | undefined {
  const [, date, clock = "00:00", offset = "Z"] = time.exec(text) ?? [];
  if (date === undefined) return undefined;
  // A day that the month does not have would become another one.
  const isDay = new Date(`${date}T00:00Z`).toString() !== "Invalid Date";
  const isSame = isDay && new Date(`${date}T00:00Z`).toISOString().startsWith(date);
  return isSame ? Date.parse(`${date}T${clock}${offset}`) : Number.NaN;
}
