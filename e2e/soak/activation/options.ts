// PURE. The command line of `npm run soak -- activation`.
import { z } from "zod";
import { Replay, Seed } from "../ledger/seeded.ts";
import { Mode } from "./trial-plan.ts";

const whole = z.coerce.number().int();

export const activationUsage =
  "npm run soak -- activation [--hours H | --trials N] [--only kills|cuts|steps|faults|vm] [--nodes N] [--seed S] " +
  "[--replay SEED[:TRIAL]] [--ledger FILE]";

export const activationFlags = {
  hours: { type: "string" },
  trials: { type: "string" },
  only: { type: "string" },
  nodes: { type: "string" },
  seed: { type: "string" },
  replay: { type: "string" },
  ledger: { type: "string" },
} as const;

export const ActivationOptions = z
  .object({
    hours: z.coerce.number().positive().max(240).optional(),
    trials: whole.min(1).max(1_000_000).optional(),
    only: Mode.optional(),
    nodes: whole.min(1).max(32).optional(),
    seed: Seed.optional(),
    replay: Replay.optional(),
    ledger: z.string().min(1).optional(),
  })
  .refine(
    ({ hours, trials }) => hours === undefined || trials === undefined,
    "--hours or --trials, not both",
  );
export type ActivationOptions = z.infer<typeof ActivationOptions>;
