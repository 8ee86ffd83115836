/** SHELL. What a typed name means: a run of this machine, as before, else a session of the fleet. */
import { ChimeraError } from "@chimera/proto/errors";
import { readContexts } from "../context/context-file.ts";
import type { Io } from "../io.ts";
import { parseAddress } from "../run-session/record/session-name.ts";
import { noSuchRun, seekRun } from "../run-session/runs/find-run.ts";
import type { Run } from "../run-session/runs/run-store.ts";
import { rolloutWord, sessionNamed, sessionOn, type FoundSession } from "./find-session.ts";
import type { SessionRoad } from "./roads/session-road.ts";
import { withRoad } from "./with-road.ts";

export interface Meanings<T> {
  run: (run: Run) => Promise<T>;
  session: (road: SessionRoad, found: FoundSession) => Promise<T>;
}

/** "NODE/SESSION" is of that node. Throws not-found with the names that there are. */
export async function whateverIsMeant<T>(
  io: Io,
  { text, context }: { text: string; context: string | undefined },
  { run, session }: Meanings<T>,
): Promise<T> {
  const address = parseAddress(text);
  if (address.kind === "node") {
    return withRoad(io, context, async (road) => session(road, await sessionOn(road, address)));
  }
  const found = context === undefined ? seekRun(io, address) : undefined;
  if (found !== undefined) return run(found);
  if (address.n !== null || !(await hasContext(io, context))) throw noSuchRun(io, text);
  return withRoad(io, context, async (road) => {
    const named = await sessionNamed(road, address.name);
    if (named !== undefined) return session(road, named);
    if (address.name === rolloutWord) throw noRollout();
    throw noSuchRun(io, text);
  });
}

async function hasContext(io: Io, context: string | undefined): Promise<boolean> {
  if (context !== undefined || io.env["CHIMERA_CONTEXT"] !== undefined) return true;
  return (await readContexts(io)).current !== undefined;
}

function noRollout(): ChimeraError {
  return new ChimeraError(
    "not-found",
    "no node shows a rollout: the newest head has no waves, or its lead has not begun (chimera rollout status)",
  );
}
