/** SHELL. The world that was in force at a time, and by whose word that is known. */
import { shortDigest, type Digest, type WorldId } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import type { HistoryReader } from "../documents/fleet-reader.ts";
import { effectiveAt, headsThen, type InForce, type PastPanic } from "./effective-at.ts";
import { firstHeard } from "./first-heard.ts";
import { readKnownPast, type KnownPast, type PastIo } from "./known-past.ts";
import { voicesOn, type PastRecord } from "./rollout-voices.ts";

export interface WorldThen {
  world: WorldId;
  /** For whoever builds on it: times are what authors wrote, or lead and store where nobody signs them. */
  why: string;
}

/** Throws world-unknown or usage, as effectiveAt does. */
export async function worldInForce(io: PastIo, reader: HistoryReader, atMs: number): Promise<WorldThen> {
  const known = await readKnownPast(io, reader);
  const candidates = headsThen(atMs, known.heads);
  const panics: PastPanic[] = [];
  // Whether nodes had one before the store did, their receipts tell.
  for (const panic of known.panics) {
    const head = candidates.find(({ id }) => id === panic.panic.undoes);
    const isOpen =
      head !== undefined && atMs >= Date.parse(head.storedAt) && atMs < Date.parse(panic.storedAt);
    panics.push({ ...panic, heardAt: isOpen ? await firstHeard(io, reader, { head, panic }) : null });
  }
  const then = effectiveAt(atMs, { ...known, panics });
  return { world: then.world, why: whyText(atMs, then, known) };
}

function whyText(atMs: number, then: InForce, { heads, records }: KnownPast): string {
  const how = {
    head: "ordered by head",
    returned: `to which the rollout went back, ${byWhom(records, then.id)}: head`,
    panic: "to which the fleet went back, since the controller had stored panic",
  }[then.kind];
  const of = heads.find(({ id }) => id === then.id)?.head;
  const signed =
    of === undefined || then.kind === "panic"
      ? ""
      : ` (signed ${of.createdAt} by ${of.author}, by their own clock)`;
  const at = new Date(atMs).toISOString();
  return `at ${at} world ${shortDigest(then.world)} was in force, ${how} ${showPlace(then.place)}${signed}`;
}

/** Nobody signs it: whoever builds on it is told how little it is. */
function byWhom(records: readonly PastRecord[], head: Digest): string {
  const [voice] = voicesOn(records, head);
  const teller = voice?.[0]?.teller ?? null;
  if (voice?.some((one) => one.teller === null) === true || teller === null) return "as its lead says";
  return `as ${teller} alone tells, which says that it led (the store keeps nothing of that rollout any more)`;
}
