/** SHELL. What a typed name means: a run of this machine, as before, else a session of the fleet. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import { parseAddress } from "../run-session/record/session-name.ts";
import { noSuchRun, seekRun } from "../run-session/runs/find-run.ts";
import type { Run } from "../run-session/runs/run-store.ts";
import { rolloutWord, sessionNamed, sessionOn, type FoundSession } from "./find-session.ts";
import type { SessionRoad } from "./roads/session-road.ts";
import { isAnywhere, withRoad, type Where } from "./with-road.ts";

export interface Meanings<T> {
  /** It will be watched: what that needs is begun while the session is looked for. */
  isWatched?: boolean;
  run: (run: Run) => Promise<T>;
  session: (road: SessionRoad, found: FoundSession) => Promise<T>;
}

/** "NODE/SESSION" is of that node. Throws not-found with the names that there are. */
export async function whateverIsMeant<T>(
  io: Io,
  { text, where }: { text: string; where: Where },
  { run, session, isWatched = false }: Meanings<T>,
): Promise<T> {
  const address = parseAddress(text);
  const look = (work: (road: SessionRoad) => Promise<T>) =>
    withRoad(io, where, (road) => {
      if (isWatched) road.expectView?.();
      return work(road);
    });
  if (address.kind === "node") {
    return look(async (road) => session(road, await sessionOn(road, address)));
  }
  const isOpen = where.context === undefined && where.socket === undefined;
  const found = isOpen ? seekRun(io, address) : undefined;
  if (found !== undefined) return run(found);
  if (address.n !== null || !(await isAnywhere(io, where))) throw noSuchRun(io, text);
  return look(async (road) => {
    const named = await sessionNamed(road, address.name);
    if (named !== undefined) return session(road, named);
    if (address.name === rolloutWord) throw noRollout();
    throw noSuchRun(io, text);
  });
}

function noRollout(): ChimeraError {
  return new ChimeraError(
    "not-found",
    "no node shows a rollout: the newest head has no waves, or its lead has not begun (chimera rollout status)",
  );
}
