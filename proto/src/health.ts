/** PURE. Health sample: the hot figures of a node, read from /proc and /sys. */
import { z } from "zod";
import { Count, IsoTime, NodeName } from "./names.ts";

export const HealthSample = z.object({
  v: z.literal(1),
  node: NodeName,
  at: IsoTime,
  uptimeSeconds: z.number().nonnegative(),
  load1: z.number().nonnegative(),
  memoryTotalBytes: Count,
  memoryAvailableBytes: Count,
  storeTotalBytes: Count,
  storeFreeBytes: Count,
  systemState: z.string().max(32),
  failedUnits: z.array(z.string().max(256)).max(50),
});
export type HealthSample = z.infer<typeof HealthSample>;
