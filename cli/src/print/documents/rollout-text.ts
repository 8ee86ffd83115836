/** PURE. A rollout for people: its record, its waves, and who failed. */
import { shortDigest, type Digest, type NodeName } from "@chimera/proto/names";
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
  /** What is known without a record that the store has lost, or against one that is there; null where nothing is in doubt. */
  lost: string | null;
  /** The fleet goes by the world before, as far as its nodes bear that out. */
  isBack: boolean;
  /** Of a fleet that went back: nodes that do not run the world before. */
  notBack: NodeName[];
}

export function rolloutText(rollout: CurrentRollout, paint: Paint): string {
  const { serial, head, policy, record, waves } = rollout;
  const title = `head ${serial} (${shortDigest(head)}), ${waves.length} waves\n`;
  const rows = waves.map((wave, index) => [
    `${index + 1}`,
    `${wave.size}`,
    releasedOf(record, index, wave),
    statesOf(wave),
  ]);
  const progress = table(["WAVE", "NODES", "MAY GO", "STATES"], rows, paint);
  return `${title}${phaseText(rollout, paint)}${progress}${failedText({ record, policy }, paint)}${notBackText(rollout, paint)}`;
}

const mostNamed = 10;

/** Whom nothing brings back: who came too late for the consent, where fewer than half have signed that they went. */
function notBackText({ notBack }: CurrentRollout, paint: Paint): string {
  if (notBack.length === 0) return "";
  const more = notBack.length > mostNamed ? ` and ${notBack.length - mostNamed} more` : "";
  const names = `${notBack.slice(0, mostNamed).join(", ")}${more}`;
  return `${paint("red", `${notBack.length} not back`)}: ${names}; who does not come by itself: chimera rollback --to current\n`;
}

function phaseText({ record, lost }: CurrentRollout, paint: Paint): string {
  const doubt = lost === null ? "" : `${paint("yellow", lost)}\n`;
  if (record === null) return lost === null ? "no lead has begun with it\n" : doubt;
  const isBad = record.phase === "paused" || record.phase === "returned";
  const by =
    record.lead === undefined ? "" : `, led by ${printableLine(record.lead)} (lease ${record.lease})`;
  return `${paint(isBad ? "red" : "bold", record.phase)}: ${printableLine(record.reason)}${by}, ${record.at}\n${doubt}`;
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
