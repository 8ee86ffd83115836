/** SHELL. The last question before something is signed. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../io.ts";

export async function confirm(io: Io, { yes }: { yes: boolean }): Promise<void> {
  if (yes) return;
  if (!io.inTty) throw new ChimeraError("usage", "nobody is there to ask: --yes signs without asking");
  const answer = await io.ask("sign this? Type yes: ");
  if (answer.trim().toLowerCase() !== "yes") throw new ChimeraError("usage", "not signed");
}
