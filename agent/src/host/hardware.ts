/**
 * SHELL. Slow facts come from a short-lived child of user nobody: systeminformation starts many programs and blocks
 * its loop while they run, and none of it needs root.
 */
import { ChimeraError } from "@chimera/proto/errors";
import { Hardware } from "@chimera/proto/hardware";
import type { NodeName } from "@chimera/proto/names";
import { execa } from "execa";
import { toolEnvironment } from "./run.ts";

const nobody = 65_534;

/** `program` is this agent's own script. Throws tool-failed. */
export async function readHardware(node: NodeName, program: string): Promise<Hardware> {
  const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  const result = await execa(process.execPath, [program, "hardware-facts", "--node", node], {
    reject: false,
    timeout: 60_000,
    killSignal: "SIGKILL",
    stdin: "ignore",
    maxBuffer: 256 << 10,
    extendEnv: false,
    env: { PATH: toolEnvironment()["PATH"] ?? "", LANG: "C.UTF-8", HOME: "/" },
    cwd: "/",
    ...identity,
  });
  if (result.exitCode !== 0) {
    throw new ChimeraError("tool-failed", "the hardware facts could not be gathered", {
      cause: new Error(result.stderr.slice(-500) || result.shortMessage),
    });
  }
  return Hardware.parse(JSON.parse(result.stdout));
}
