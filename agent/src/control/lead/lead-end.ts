/** SHELL. The end of a rollout: whether it is one, what must lie in the store before nobody leads any more, and what is left of a record that is lost. */
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { isProvenThrough } from "../../rollout/outcomes.ts";
import { toldEnd } from "../../rollout/told-end.ts";
import { layBack, layMissing, type Laid } from "./lay-receipts.ts";
import type { LeadParts } from "./lead-loop.ts";

export interface Ending {
  laid: Laid;
  /** This run has put back an end that its machine knew, and the store had lost. */
  isPutBack: boolean;
}

/** Null where it goes on; without a phase it is over, and not all lies there yet that those need who are away. */
export async function endOf(
  ending: Ending,
  parts: LeadParts,
  record: RolloutRecord | null,
): Promise<{ phase: string | null } | null> {
  if (record?.head !== parts.head.id || !parts.isOver(record)) return null;
  const isOver = await isEnded(ending, parts, record);
  if (isOver === false) return null;
  if (isOver) parts.say(`${record.phase}: ${record.reason}`);
  return { phase: isOver ? record.phase : null };
}

/** Anybody who reaches the store can write that it is over: then false. Null while that is not known. */
async function isEnded(
  { laid, isPutBack }: Ending,
  parts: LeadParts,
  record: RolloutRecord,
): Promise<boolean | null> {
  if (!isRead(parts)) return null;
  return record.phase === "returned" ? isBackLaid(parts) : isAllLaid({ laid, isPutBack }, parts, record);
}

async function isBackLaid(parts: LeadParts): Promise<true | null> {
  if (await layBack(parts)) return true;
  parts.say(
    "returned: waits for half of the fleet to sign that it is back, which proves it to those that are away",
  );
  return null;
}

async function isAllLaid(
  { laid, isPutBack }: Ending,
  parts: LeadParts,
  record: RolloutRecord,
): Promise<boolean | null> {
  const { ear, head, policy, waves } = parts;
  const isProven = isProvenThrough({ waves, policy, nodes: ear.sights(head.id) });
  if (isProven && (await layMissing(laid, parts, record))) return true;
  if (!isPutBack) return false;
  // It was borne out once. Those that are away prove it again when they return; begun anew it might be taken back.
  parts.say("committed: waits for those that are away to prove it again");
  return null;
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
