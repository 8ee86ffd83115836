/** PURE. The time that an ask is signed with. */
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";

/**
 * Asks count in the order of their times: one by a clock that is ahead would silence all others until that time has come.
 *
 * @param createdAt by the clock of whoever asks now
 */
export function afterAnswered(createdAt: string, record: Pick<RolloutRecord, "answered"> | null): string {
  const answered = record?.answered;
  if (answered === undefined) return createdAt;
  const answeredMs = Date.parse(answered.createdAt);
  return answeredMs >= Date.parse(createdAt) ? new Date(answeredMs + 1).toISOString() : createdAt;
}
