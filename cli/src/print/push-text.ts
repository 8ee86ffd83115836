/** PURE. How far a push is, as a person reads it. */
import { bytes } from "./units.ts";

interface Share {
  done: number;
  total: number;
}

export function pushText(progress: { paths: Share; bytes: Share }, ms: number): string {
  const { paths, bytes: size } = progress;
  const part = `${bytes(size.done)} of ${bytes(size.total)}, ${paths.done} of ${paths.total} paths`;
  return `${part}, ${bytes(bytesPerSecond(size.done, ms))}/s`;
}

export function bytesPerSecond(count: number, ms: number): number {
  return ms <= 0 ? 0 : Math.round((count * 1000) / ms);
}
