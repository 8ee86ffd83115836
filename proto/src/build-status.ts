/** PURE. How far the operator's machine is with one node's closure. */
import { z } from "zod";
import { Count, IsoTime, NodeName, StorePath } from "./names.ts";

export const BuildStatus = z.object({
  v: z.literal(1),
  node: NodeName,
  at: IsoTime,
  state: z.enum(["evaluating", "building", "built", "pushing", "pushed", "failed"]),
  /** Derivations built so far, and in all, while building. */
  done: Count.optional(),
  total: Count.optional(),
  toplevel: StorePath.optional(),
  error: z.string().max(4096).optional(),
});
export type BuildStatus = z.infer<typeof BuildStatus>;
