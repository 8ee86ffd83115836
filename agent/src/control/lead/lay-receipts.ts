/** SHELL. The receipts that let a wave go are laid in the store before the wave may go, and again by whoever finds that they may be missing. */
import { backReceiptsOf } from "@chimera/proto/rollout/back-receipts";
import { isProvable } from "@chimera/proto/rollout/commit-receipts";
import { receiptsOf } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { LeadParts } from "./lead-loop.ts";

/** Waves whose receipts this lead has laid. */
export type Laid = Set<number>;

type Needed = Pick<LeadParts, "ear" | "head" | "policy" | "waves" | "store">;

/** What proves to those that return too late that the fleet went back. False while fewer than half of it have signed that they did. */
export async function layBack({ ear, head, waves, store }: Needed): Promise<boolean> {
  const needed = backReceiptsOf(waves.flat().length);
  const receipts = ear.ends(head.id).flatMap(({ phase, receipt }) => (phase === "returned" ? [receipt] : []));
  if (receipts.length < needed) return false;
  await store.layBackReceipts({ v: 1, head: head.id, receipts: receipts.slice(0, needed) });
  return true;
}

/**
 * What proves that nobody may be taken back any more. Where somebody is away there is no such proof, and the consent lasts as long
 * as it was signed for.
 */
export async function layEnd({ ear, head, waves, store }: Needed): Promise<void> {
  const nodes = waves.flat();
  if (!isProvable(nodes.length)) return;
  const receipts = ear.receiptsOf(nodes, head.id);
  if (receipts.length < nodes.length) return;
  await store.layCommitReceipts({ v: 1, head: head.id, receipts });
}

/**
 * A record that lets a wave go, or says that it is over, may be another lead's, or anybody's: nodes wait for what nobody may have
 * laid there. Whether all of it lies there.
 */
export async function layMissing(laid: Laid, parts: Needed, record: RolloutRecord): Promise<boolean> {
  const ends = { committed: parts.waves.length - 1, waves: record.released?.wave ?? 0 };
  const end = record.phase === "committed" || record.phase === "waves" ? ends[record.phase] : 0;
  let isWhole = true;
  for (let wave = 0; wave < end; wave += 1) {
    const isLaid = laid.has(wave) || (await layReceipts(laid, parts, wave));
    isWhole &&= isLaid;
  }
  return isWhole;
}

/** False while there are fewer than a node of the next wave asks for. */
export async function layReceipts(laid: Laid, parts: Needed, wave: number): Promise<boolean> {
  const { ear, head, policy, waves, store } = parts;
  const nodes = waves[wave] ?? [];
  const needed = receiptsOf(policy, nodes.length);
  const receipts = ear.receiptsOf(nodes, head.id).slice(0, needed);
  if (receipts.length < needed) return false;
  await store.layReceipts({ v: 1, head: head.id, wave, receipts });
  laid.add(wave);
  return true;
}
