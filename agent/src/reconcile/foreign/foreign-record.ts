/** PURE. What the journal says of a system that is none of ours, and runs or is to run. */
import { Count, StorePath } from "@chimera/proto/names";
import { z } from "zod";

const path = StorePath.nullable();

export const ForeignRecord = z.object({
  /** What was booted in the place of the default, and no order explains it: of this boot. While it runs nothing is switched. */
  booted: path.default(null),
  /** The pointers as a look first found them, and its uptime; null while they are as they should be. */
  seen: z
    .object({ current: path, profile: path, bootDefault: path, sinceMs: Count })
    .nullable()
    .default(null),
});
export type ForeignRecord = z.infer<typeof ForeignRecord>;

export const nothingForeign: ForeignRecord = { booted: null, seen: null };
