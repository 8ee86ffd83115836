/** PURE. Spans of time as people type them: 90s, 30m, 2h, 3d. */
const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds; undefined for what is no span. */
export function parseDurationMs(text: string): number | undefined {
  const [, count = "", unit = ""] = /^([1-9]\d{0,8})([smhd])$/u.exec(text) ?? [];
  return unit === "s" || unit === "m" || unit === "h" || unit === "d"
    ? Number(count) * unitMs[unit]
    : undefined;
}
