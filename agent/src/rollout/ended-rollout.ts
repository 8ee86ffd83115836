/** PURE. What a lead's program leaves on its machine's disk: the end of a rollout that it has seen, with all that others need of it in the store. */
import { Digest } from "@chimera/proto/names";
import { z } from "zod";

export const EndedRollout = z.object({
  v: z.literal(1),
  head: Digest,
  phase: z.enum(["committed", "returned"]),
});
export type EndedRollout = z.infer<typeof EndedRollout>;
