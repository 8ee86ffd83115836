/** SHELL. Which world `chimera rollback` goes back to: one of the history, or the one that was in force at a time. */
import type { WorldId } from "@chimera/proto/names";
import { knownHeads } from "../../documents/fleet-reader.ts";
import type { Io } from "../../io.ts";
import { parseMoment } from "../../past/moment.ts";
import { worldInForce } from "../../past/world-in-force.ts";
import { printableLine } from "../../print/printable.ts";
import type { Operator } from "../operator.ts";
import { chooseWorld } from "./choose-world.ts";

/** A world from the history was signed once; one given by its whole id is named by the operator himself. */
export async function wantedWorld(io: Io, operator: Operator, to: string | undefined): Promise<WorldId> {
  const { api, trust, keys, current } = operator;
  const reader = { api, trust, chain: keys.chain };
  const atMs = to === undefined ? undefined : parseMoment(to, io.nowMs());
  if (atMs !== undefined) {
    const { world, why } = await worldInForce(io, reader, atMs);
    io.err(`chimera: ${printableLine(why)}\n`);
    return world;
  }
  const { effective } = current;
  const now = effective.kind === "none" ? null : effective.world;
  const heads = await knownHeads(io, reader);
  return chooseWorld(heads, { now, to });
}
