// PURE. What the tamper probe is told, and what it answers.
import { z } from "zod";

export const tamperKinds = [
  "changed",
  "deleted",
  "replaced-by-file",
  "replaced-by-directory",
  "wrong-target",
  "wrong-mode-or-owner",
] as const;
export type TamperKind = (typeof tamperKinds)[number];

export const TamperOrder = z.object({
  /** Managed links, and managed copied files, by absolute path. */
  links: z.array(z.string()).min(1),
  files: z.array(z.string()).min(1),
  trials: z.int().positive(),
  /** Pause between two trials, so that one is at rest before the next begins. */
  pauseMs: z.int().nonnegative(),
  timeoutMs: z.int().positive(),
});
export type TamperOrder = z.infer<typeof TamperOrder>;

export const TamperTrial = z.object({
  trial: z.int(),
  kind: z.enum(tamperKinds),
  path: z.string(),
  /** From the end of the change to the first look that found the entry as before; null: not within the time. */
  ms: z.number().nullable(),
});
export type TamperTrial = z.infer<typeof TamperTrial>;
