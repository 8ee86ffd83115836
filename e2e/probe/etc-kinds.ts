// PURE. What the probe of all drift kinds is told, and what it answers.
import { z } from "zod";

export const EtcLayoutName = z.enum(["classic", "overlay"]);
export type EtcLayoutName = z.infer<typeof EtcLayoutName>;

export const KindsOrder = z.object({
  layout: EtcLayoutName,
  /** Managed links and managed copied files, one for each trial, by absolute path. */
  links: z.array(z.string()).min(1),
  files: z.array(z.string()).min(1),
  /** The directory that holds them. */
  folder: z.string(),
  timeoutMs: z.int().positive(),
});
export type KindsOrder = z.infer<typeof KindsOrder>;

export const KindTrial = z.object({
  what: z.string(),
  path: z.string(),
  /** Until the first look that found everything as before; null: not within the time. */
  ms: z.number().nullable(),
});
export type KindTrial = z.infer<typeof KindTrial>;
