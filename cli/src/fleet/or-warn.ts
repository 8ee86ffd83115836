/** SHELL. What an emergency does not depend on: a full or broken disk of this machine is told, and no more. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import { printable } from "../print/printable.ts";

/** `what` has happened for want of it. False where it failed. */
export async function orWarn(io: Io, what: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const isOurs = error instanceof ChimeraError || (error instanceof Error && "syscall" in error);
    if (!isOurs) throw error;
    io.err(`warning: ${what}: ${printable(errorChain(error))}\n`);
    return false;
  }
}
