/** SHELL. A world that the operator named, its leaves checked against its id, with the signed head that orders it. */
import { shortDigest, type WorldId } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import { effectiveNow, knownHeads, type FleetReader, type KnownHead } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { parseMoment } from "../past/moment.ts";
import { worldInForce } from "../past/world-in-force.ts";
import { checkWorld, type CheckedWorld } from "./check-world.ts";
import { findWorld } from "./find-world.ts";

export interface NamedWorld {
  id: WorldId;
  /** The newest head of the history that orders it. */
  head: KnownHead | null;
  /** "the effective world (panic 0.4+panic)"; empty for one that was asked for. */
  why: string;
}

export interface ReadWorld extends NamedWorld, CheckedWorld {}

/** `current`, or nothing: the effective world. */
export async function nameWorld(io: Io, reader: FleetReader, word: string | undefined): Promise<NamedWorld> {
  const atMs = word === undefined ? undefined : parseMoment(word, io.nowMs());
  const heads = await knownHeads(io, reader);
  if (atMs !== undefined) {
    const { world, why } = await worldInForce(io, reader, atMs);
    return withHead(world, heads, why);
  }
  if (word !== undefined && word !== "current") {
    const world = findWorld(heads, word);
    // Several heads may order it: who named one by its serial means that one.
    const named = heads.find(({ head }) => head.world === world && isNamed(head, word));
    return { ...withHead(world, heads, ""), ...(named && { head: named }) };
  }
  const effective = await effectiveNow(io, reader);
  const paused =
    effective.kind === "head" && effective.paused !== null ? `, paused: ${effective.paused}` : "";
  const by = effective.kind === "returned" ? "the rollout returned from head" : "ordered by";
  return withHead(
    effective.world,
    heads,
    `the effective world (${by} ${showPlace(effective.place)}${paused})`,
  );
}

export async function readWorld(io: Io, reader: FleetReader, word: string | undefined): Promise<ReadWorld> {
  return readNamed(reader, await nameWorld(io, reader, word));
}

export async function readNamed({ api, fleetId }: FleetReader, named: NamedWorld): Promise<ReadWorld> {
  const checked = checkWorld(await api.world(named.id), { id: named.id, fleetId });
  return { ...named, ...checked };
}

/** "head 0.7 by anna@desk" or that there is none. */
export function headText({ id, head }: Pick<NamedWorld, "id" | "head">): string {
  if (head === null) return `world ${shortDigest(id)}, which no head of the history orders`;
  return `world ${shortDigest(id)} of head ${showPlace(head.head)} by ${head.head.author}`;
}

function isNamed(head: KnownHead["head"], word: string): boolean {
  return String(head.serial) === word || showPlace(head) === word;
}

function withHead(id: WorldId, heads: readonly KnownHead[], why: string): NamedWorld {
  return { id, why, head: heads.find(({ head }) => head.world === id) ?? null };
}
