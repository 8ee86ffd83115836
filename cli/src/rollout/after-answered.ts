/** PURE. The time that an ask is signed with. */
import { answeredMsOf } from "@chimera/proto/rollout/rollout-ask";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";

/**
 * Asks count in the order of their times: one by a clock that is ahead would silence all others until that time has come.
 *
 * @param createdAt by the clock of whoever asks now
 */
export function afterAnswered(createdAt: string, record: Pick<RolloutRecord, "answered"> | null): string {
  const askedMs = Date.parse(createdAt);
  const answeredMs = answeredMsOf(record, askedMs);
  return answeredMs !== null && answeredMs >= askedMs ? new Date(answeredMs + 1).toISOString() : createdAt;
}
