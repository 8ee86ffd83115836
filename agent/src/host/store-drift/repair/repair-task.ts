/** PURE. What a repair's own process is told to do, and what it answers: two files in the repair's folder. */
import { Count, Digest, StorePath } from "@chimera/proto/names";
import { z } from "zod";

const place = z.string().max(4096);

export const RepairTask = z.object({
  v: z.literal(1),
  /**
   * mend: bytes are right, only modes, owners and times are set. swap: what lies beside the task as `nar/path.nar` is unpacked beside
   * the path, and takes its place.
   */
  route: z.enum(["mend", "swap"]),
  path: StorePath,
  narSize: Count,
  narSha256: Digest,
  uid: Count,
  gid: Count,
  /** Before /nix; empty but in tests. */
  root: place,
  /** Name in the store of what is unpacked, and then of what was there before. */
  beside: z.string().regex(/^\.chimera-repair-[0-9a-f]{12}$/),
  /** Whoever switches, and whoever collects garbage, holds these. */
  switchLock: place,
  gcLock: place,
});
export type RepairTask = z.infer<typeof RepairTask>;

export const RepairResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("done"), notes: z.array(z.string().max(1024)).max(8) }),
  /** Somebody holds what it needs; nothing was changed. */
  z.object({ kind: z.literal("busy"), what: z.string().max(1024) }),
  /** Nothing was changed, and another way may do it. */
  z.object({ kind: z.literal("unsuited"), why: z.string().max(2048) }),
  z.object({ kind: z.literal("failed"), why: z.string().max(2048) }),
]);
export type RepairResult = z.infer<typeof RepairResult>;

export const taskFile = "task.json";
export const resultFile = "result.json";
export const narFile = "nar/path.nar";
/** What a repair that was cut off leaves in the store. */
export const besideName = /^\.chimera-repair-[0-9a-f]{12}$/;
