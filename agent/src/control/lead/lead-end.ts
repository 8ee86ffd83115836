/** SHELL. The end of a rollout: whether it is one, what must lie in the store before nobody leads any more, and what is left of a record that is lost. */
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { LeadSight } from "../../rollout/lead-sight.ts";
import { isProvenThrough } from "../../rollout/outcomes.ts";
import { isSettled, wasSettled } from "../../rollout/settled.ts";
import { toldEnd } from "../../rollout/told-end.ts";
import { layBack, layEnd, layMissing, type Laid } from "./lay-receipts.ts";
import type { LeadParts } from "./lead-loop.ts";

/** A record in the store, and where it comes from. */
export interface Claim {
  record: RolloutRecord;
  /**
   * This run decided it; put back what the store had lost; has the lease, and it is somebody else's; another one leads; nobody is
   * heard to lead any more.
   */
  by: "own" | "put-back" | "forger" | "another" | "nobody";
  sight: LeadSight;
}

/** Null where it goes on; without a phase it is over, and not all lies there yet that those need who are away. */
export async function endOf(
  laid: Laid,
  parts: LeadParts,
  claim: Claim,
): Promise<{ phase: string | null } | null> {
  const { record } = claim;
  if (!parts.isOver(record)) return null;
  // Anybody who reaches the store can write that it is over: nothing is known before everybody's word is.
  const isOver = isRead(parts) ? await isEnded(laid, parts, claim) : null;
  if (isOver === false) return null;
  if (isOver) parts.say(`${record.phase}: ${record.reason}`);
  return { phase: isOver ? record.phase : null };
}

/** Null while that is not known. */
async function isEnded(laid: Laid, parts: LeadParts, claim: Claim): Promise<boolean | null> {
  return claim.record.phase === "returned" ? isBackLaid(parts) : isAllLaid(laid, parts, claim);
}

/** Without the consent nobody begins to go back: then a record that nobody has followed is no end. */
async function isBackLaid(parts: LeadParts): Promise<boolean | null> {
  if (await layBack(parts)) return true;
  const { mayReturn, ear, head, ended } = parts;
  if (!mayReturn() && !ear.isGoingBack(head.id) && ended !== "returned") return false;
  parts.say(
    "returned: waits for half of the fleet to sign that it is back, which proves it to those that are away",
  );
  return null;
}

async function isAllLaid(laid: Laid, parts: LeadParts, claim: Claim): Promise<boolean | null> {
  const isKnown = parts.ended === "committed";
  if (
    (isKnown ? isProvenThrough(claim.sight) : isBorneOut(claim)) &&
    (await layMissing(laid, parts, claim.record))
  ) {
    await layEnd(parts);
    return true;
  }
  if (!isKnown) return false;
  // Its machine has seen that it was borne out. Those that are away prove it again when they return; begun anew it might be taken back.
  parts.say("committed: waits for those that are away to prove it again");
  return null;
}

/** A lead that lives puts right what somebody else wrote: what stands where none is heard has stood for long enough. */
function isBorneOut({ by, sight }: Claim): boolean {
  switch (by) {
    case "own":
      return isProvenThrough(sight);
    case "put-back":
    case "nobody":
      return wasSettled(sight);
    case "forger":
      return isSettled(sight);
    case "another":
      return false;
  }
}

/** What its nodes tell of a record that neither store nor lead has; null where that is nothing. */
export function toldRecord(parts: LeadParts): RolloutRecord | null | "unread" {
  const { ear, head, waves } = parts;
  if (!isRead(parts)) return "unread";
  return toldEnd(ear.ends(head.id), { head: head.id, size: waves.flat().length });
}

function isRead({ ear, say }: Pick<LeadParts, "ear" | "say">): boolean {
  if (ear.isRead()) return true;
  ear.readAll();
  say("reads what every node said last");
  return false;
}
