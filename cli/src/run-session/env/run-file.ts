/** PURE. The table [run] of chimera.toml. */
import { z } from "zod";

export const RunFile = z.strictObject({
  /** Where interpreters and Python packages come from. */
  nixpkgs: z
    .string()
    .max(1024)
    .regex(/^[^-\s]\S*$/u, "a flake reference is one word and begins with no dash")
    .optional(),
  /** Scripts, as globs from this file's folder, and the environment of each: as --env takes it. */
  scripts: z.record(z.string().min(1).max(256), z.string().min(1).max(1024)).default({}),
});
export type RunFile = z.infer<typeof RunFile>;
