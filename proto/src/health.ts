/** PURE. Health sample: the hot figures of a node, read from /proc and /sys. */
import { z } from "zod";
import { Count, IsoTime, NodeName } from "./names.ts";
import { BootNameDigest } from "./system/boot-files.ts";

/** As many files of a boot partition are named; of more the rest counts as not there. */
export const maxBootFiles = 128;

/** What a node's pre-flight goes by, beside the free bytes of its store. */
export const SpaceLimits = z.object({
  /** Bytes that an order leaves free in the store. */
  storeReserveBytes: Count,
  /** Null where /boot is no file system of its own: then nothing of it can fill up by itself. */
  boot: z
    .object({
      /** Null where it cannot be read, or is mounted only when somebody looks. */
      freeBytes: Count.nullable(),
      reserveBytes: Count,
      /** Kernels and initrds that lie there, by digests of their names. */
      files: z.array(BootNameDigest).max(maxBootFiles),
    })
    .nullable(),
});
export type SpaceLimits = z.infer<typeof SpaceLimits>;

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
  /** Absent from agents of before. */
  space: SpaceLimits.optional(),
});
export type HealthSample = z.infer<typeof HealthSample>;
