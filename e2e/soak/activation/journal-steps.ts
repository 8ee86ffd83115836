// PURE. The journal's steps as the soak knows them. Its test compares them with the journal's own code: a step of which
// the soak knows nothing fails there.
import { z } from "zod";

export const JournalStep = z.enum([
  "accepted",
  "staged",
  "arming",
  "activating",
  "probation",
  "committing",
  "committed",
  "staged-for-reboot",
  "preparing-reboot",
  "rebooting",
  "reverting",
  "falling-back",
  "reverted",
  "revert-failed",
  "refused",
  "stuck",
]);
export type JournalStep = z.infer<typeof JournalStep>;

/** What the soak reads of a journal: every version that a node of this ledger ever wrote. */
export const JournalGlimpse = z.object({
  v: z.number(),
  order: z.object({ id: z.string(), serial: z.number() }),
  toplevel: z.string(),
  step: JournalStep,
  unit: z.object({ name: z.string() }).nullable(),
  problem: z.object({ message: z.string() }).nullable(),
});
export type JournalGlimpse = z.infer<typeof JournalGlimpse>;

/** Undefined for what is no journal: none at all, garbage, of a version that nobody knows. */
export function glimpseOf(text: string): JournalGlimpse | undefined {
  try {
    return JournalGlimpse.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
