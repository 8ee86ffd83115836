/** PURE. The lead node's record of a rollout. It is not signed: all it can do is delay, and go back where the head consents. */
import { z } from "zod";
import { Count, Digest, IsoTime } from "./names.ts";

export const RolloutRecord = z.object({
  v: z.literal(1),
  /** Id of the head that it is about: every other record is ignored. */
  head: Digest,
  /** Rises with each lead that takes the lease: an older lead's record is ignored. */
  lease: Count,
  phase: z.enum(["staging", "waves", "paused", "committed", "returned"]),
  reason: z.string().max(1024),
  at: IsoTime,
});
export type RolloutRecord = z.infer<typeof RolloutRecord>;
