/** PURE. Spans of time as people type them: 90s, 15m, 12h, 30d. */

const seconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Undefined for what is no span, or one of more than ten years. */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,8})([smhd])$/.exec(text);
  const [, count = "", unit = ""] = match ?? [];
  if (unit !== "s" && unit !== "m" && unit !== "h" && unit !== "d") return undefined;
  const span = Number(count) * seconds[unit];
  return span > 3650 * seconds.d ? undefined : span;
}
