/** SHELL. The world that was in force at a time, and by whose word that is known. */
import { shortDigest, type WorldId } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import type { HistoryReader, StoredKnownHead } from "../documents/fleet-reader.ts";
import type { Io } from "../io.ts";
import { effectiveAt, type InForce } from "./effective-at.ts";
import { readKnownPast } from "./known-past.ts";

export interface WorldThen {
  world: WorldId;
  /** For whoever builds on it: times are what authors wrote, or lead and store where nobody signs them. */
  why: string;
}

/** Throws world-unknown or usage, as effectiveAt does. */
export async function worldInForce(io: Io, reader: HistoryReader, atMs: number): Promise<WorldThen> {
  const { heads, panics, records } = await readKnownPast(io, reader);
  const then = effectiveAt(atMs, { heads, panics, records: records.map(({ record }) => record) });
  return { world: then.world, why: whyText(atMs, then, heads) };
}

function whyText(atMs: number, then: InForce, heads: readonly StoredKnownHead[]): string {
  const how = {
    head: "ordered by head",
    returned: "to which the rollout went back, as its lead says: head",
    panic: "to which the fleet went back, since the controller had stored panic",
  }[then.kind];
  const { epoch, serial } = then.place;
  const of = heads.find(({ head }) => head.epoch === epoch && head.serial === serial)?.head;
  const signed =
    of === undefined || then.kind === "panic"
      ? ""
      : ` (signed ${of.createdAt} by ${of.author}, by their own clock)`;
  const at = new Date(atMs).toISOString();
  return `at ${at} world ${shortDigest(then.world)} was in force, ${how} ${showPlace(then.place)}${signed}`;
}
