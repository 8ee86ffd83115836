/** PURE. The Range header, RFC 9110 §14.2: one range of bytes; anything else is served as the whole file. */

export interface ByteRange {
  start: number;
  /** The last byte, counted in. */
  end: number;
}

export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const suffix = /^bytes=-(\d{1,15})$/.exec(header ?? "")?.[1];
  if (suffix !== undefined) return parseSuffix(Number(suffix), size);
  const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (from === undefined) return undefined;
  const start = Number(from);
  if (start >= size) return "unsatisfiable";
  const end = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return end < start ? undefined : { start, end };
}

function parseSuffix(length: number, size: number): ByteRange | "unsatisfiable" {
  if (length === 0 || size === 0) return "unsatisfiable";
  return { start: Math.max(0, size - length), end: size - 1 };
}
