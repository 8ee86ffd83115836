/** PURE. A rollout for people: its record, its waves, and who failed. */
import { shortDigest, type Digest } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

export interface WaveProgress {
  size: number;
  /** How many say what of this head; "silent" for who has not taken it. */
  states: Record<string, number>;
}

export interface CurrentRollout {
  head: Digest;
  serial: number;
  policy: RolloutPolicy;
  /** Null where no lead has begun. */
  record: RolloutRecord | null;
  waves: WaveProgress[];
}

export function rolloutText({ serial, head, policy, record, waves }: CurrentRollout, paint: Paint): string {
  const title = `head ${serial} (${shortDigest(head)}), ${waves.length} waves\n`;
  const rows = waves.map((wave, index) => [
    `${index + 1}`,
    `${wave.size}`,
    releasedOf(record, index, wave),
    statesOf(wave),
  ]);
  return `${title}${phaseText(record, paint)}${table(["WAVE", "NODES", "MAY GO", "STATES"], rows, paint)}${failedText({ record, policy }, paint)}`;
}

function phaseText(record: CurrentRollout["record"], paint: Paint): string {
  if (record === null) return "no lead has begun with it\n";
  const isBad = record.phase === "paused" || record.phase === "returned";
  const by =
    record.lead === undefined ? "" : `, led by ${printableLine(record.lead)} (lease ${record.lease})`;
  return `${paint(isBad ? "red" : "bold", record.phase)}: ${printableLine(record.reason)}${by}, ${record.at}\n`;
}

function releasedOf(record: CurrentRollout["record"], index: number, { size }: WaveProgress): string {
  const released = record?.released ?? null;
  if (record?.phase === "committed" || (released !== null && index < released.wave)) return `${size}`;
  return released?.wave === index ? `${released.first}` : "0";
}

function statesOf({ states }: WaveProgress): string {
  return Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}

function failedText({ record, policy }: Pick<CurrentRollout, "record" | "policy">, paint: Paint): string {
  const { failed = [], failedCount = 0 } = record ?? {};
  if (failedCount === 0) return "";
  const lines = failed.map(({ node, reason }) => `  ${node}: ${printableLine(reason)}\n`).join("");
  const more = failedCount > failed.length ? `  and ${failedCount - failed.length} more\n` : "";
  return `${paint("red", `${failedCount} failed`)}, ${policy.maxFailed} may\n${lines}${more}`;
}
