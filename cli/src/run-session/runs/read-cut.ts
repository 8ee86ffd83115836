/** SHELL. What is gone of a run's log, as its keeper noted it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Count } from "@chimera/proto/names";
import { z } from "zod";
import { files } from "./run-files.ts";

const LogCut = z.object({
  v: z.literal(1),
  /** So many of its first bytes. */
  dropped: Count,
  /** Why it grows beyond its limit. */
  trouble: z.string().max(1024).nullable(),
});
export type LogCut = z.infer<typeof LogCut>;

export function readCut(folder: string): Omit<LogCut, "v"> {
  try {
    return LogCut.parse(JSON.parse(readFileSync(join(folder, files.cut), "utf8")));
  } catch {
    // Nothing was dropped yet, or a power cut took the note: then what was dropped reads as zero bytes.
    return { dropped: 0, trouble: null };
  }
}
