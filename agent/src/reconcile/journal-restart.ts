/** PURE. What the journal says of a restart, and of a node that was emptied for one. */
import { Count } from "@chimera/proto/names";
import { z } from "zod";

/** A node that was emptied for a restart, however that went, is owed its work. Times count in this boot. */
export const Drained = z.object({
  failures: Count,
  retryAt: Count.nullable(),
  /** Of an undrain that was running when a way back took over: its end counts once the node is in service again. */
  left: z.string().max(128).nullable().default(null),
});

/** How far the boot entries of a restart are. */
export const RebootStage = z.enum(["none", "listed", "restored", "installed", "drained"]);
export type RebootStage = z.infer<typeof RebootStage>;
