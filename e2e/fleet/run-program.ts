// SHELL. Runs one of our bundled programs on this machine, for what is prepared before any host boots.
import { join } from "node:path";
import { execa } from "execa";
import { ChimeraError } from "@chimera/proto/errors";

type Program = "agent" | "controller" | "chimera";

export type RunProgram = (
  program: Program,
  args: readonly string[],
  env?: Record<string, string>,
) => Promise<string>;

/** `dist` is a folder of bundles. Answers standard output. */
export function programIn(dist: string): RunProgram {
  return async (program, args, env = {}) => {
    const result = await execa(process.execPath, [join(dist, `${program}.mjs`), ...args], {
      reject: false,
      env,
      stdin: "ignore",
      timeout: 60_000,
      maxBuffer: 1 << 22,
    });
    if (result.exitCode === 0) return result.stdout;
    throw new ChimeraError(
      "tool-failed",
      `${program} ${args.join(" ")}: exit ${result.exitCode ?? "none"}: ${result.stderr.slice(-2000)}`,
    );
  };
}
