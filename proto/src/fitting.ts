/** PURE. Lists of what is only shown: an entry that this reader does not understand is left out, and costs the rest nothing. */
import { z } from "zod";

/** At most so many; whatever comes after them is left out too. */
export function fitting<T extends z.ZodType>(entry: T, most: number) {
  const understood = (input: unknown): unknown =>
    Array.isArray(input) ? firstOf(input, entry, most) : input;
  return z.preprocess(understood, z.array(entry).max(most));
}

function firstOf(input: readonly unknown[], entry: z.ZodType, most: number): unknown[] {
  const taken: unknown[] = [];
  for (const one of input) {
    if (taken.length === most) break;
    if (entry.safeParse(one).success) taken.push(one);
  }
  return taken;
}
