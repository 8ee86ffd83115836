// PURE. Seeds on the command line of a soak, and what follows from one.
import { z } from "zod";
import { randomFrom } from "../trial.ts";

const whole = z.coerce.number().int();

export const Seed = whole.min(0).max(2 ** 32 - 1);

/** Seed, and one trial of it; without a number, all that the ledger knows of that seed. */
export const Replay = z
  .string()
  .regex(/^\d{1,10}(?::\d{1,6})?$/, "a seed, or seed:trial")
  .transform((text) => {
    const [seed = 0, trial] = text.split(":").map(Number);
    return trial === undefined ? { seed } : { seed, trial };
  });

/** Another sequence for each seed, every element once. */
export function shuffled<T>(all: readonly T[], seed: number): T[] {
  const random = randomFrom(seed);
  return all
    .map((element) => ({ element, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ element }) => element);
}
