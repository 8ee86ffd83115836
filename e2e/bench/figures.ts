// PURE. What a benchmark says: figures with bounds and peers, in the one form of architecture.md §9.
import { z } from "zod";

const Spread = z.object({ p50: z.number(), p99: z.number(), max: z.number() });
const Single = z.object({ value: z.number() });

export const Peer = z.union([
  Spread.extend({ name: z.string(), ratio: z.number(), settings: z.string() }),
  Single.extend({ name: z.string(), ratio: z.number(), settings: z.string() }),
]);
export type Peer = z.infer<typeof Peer>;

export const Figure = z.intersection(
  z.object({
    name: z.string(),
    unit: z.string(),
    n: z.int().positive(),
    /** As text, since some bounds name a percentile: "p50 <= 50, p99 <= 250". */
    bound: z.string(),
    ok: z.boolean(),
    peers: z.array(Peer),
  }),
  z.union([Spread, Single]),
);
export type Figure = z.infer<typeof Figure>;

export const BenchReport = z.object({
  bench: z.string(),
  at: z.iso.datetime(),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  figures: z.array(Figure).min(1),
});
export type BenchReport = z.infer<typeof BenchReport>;

/** Nearest-rank percentiles: values that were measured, nothing between them. */
export function spread(samples: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = samples.toSorted((a, b) => a - b);
  return { p50: rank(sorted, 0.5), p99: rank(sorted, 0.99), max: rank(sorted, 1) };
}

function rank(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError("no samples");
  return Math.round(value * 1000) / 1000;
}

/** A figure of one number; `bound` is its upper bound. */
export function atMost(
  name: string,
  value: number,
  rest: { unit: string; n: number; bound: number },
): Figure {
  const rounded = Math.round(value * 1000) / 1000;
  const { unit, n, bound } = rest;
  return { name, unit, n, value: rounded, bound: `<= ${bound}`, ok: rounded <= bound, peers: [] };
}

/** A figure of percentiles; `bounds` are upper bounds of some of them. */
export function percentiles(
  name: string,
  samples: readonly number[],
  { unit, bounds }: { unit: string; bounds: { p50: number; p99?: number } },
): Figure {
  const measured = spread(samples);
  const limits = [
    { rank: "p50", value: measured.p50, bound: bounds.p50 },
    ...(bounds.p99 === undefined ? [] : [{ rank: "p99", value: measured.p99, bound: bounds.p99 }]),
  ];
  const bound = limits.map((limit) => `${limit.rank} <= ${limit.bound}`).join(", ");
  const ok = limits.every((limit) => limit.value <= limit.bound);
  return { name, unit, n: samples.length, ...measured, bound, ok, peers: [] };
}
