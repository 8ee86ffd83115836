/** PURE. How many sessions a node has at once, and how long it keeps what they left. */
import type { SessionName } from "@chimera/proto/sessions/session";
import type { SessionRecord } from "./session-record.ts";

interface Retention {
  ageMs: number;
  count: number;
  bytes: number;
}

/** As many as orders may start (`maxExecSessions`), and some of the node's own. */
export const mostRunning = { log: 320, terminal: 256 } as const;
export const usualLogBytes = 16 << 20;
/** Of what is recorded of one session in which somebody types. */
export const mostRecordedBytes = 16 << 20;
const retention: Retention = { ageMs: 7 * 86_400_000, count: 512, bytes: 512 << 20 };

/** Those to be forgotten: whatever runs stays, and of the others the newest. */
export function outlived(
  records: readonly SessionRecord[],
  nowMs: number,
  { ageMs, count, bytes }: Retention = retention,
): SessionName[] {
  const over = records
    .filter(({ state }) => state !== "running")
    .toSorted((a, b) => closedMs(b) - closedMs(a));
  let held = 0;
  return over
    .filter((record, index) => {
      held += Math.min(record.bytes, record.log?.mostBytes ?? record.bytes) + record.recordedBytes;
      return index >= count || held > bytes || nowMs - closedMs(record) > ageMs;
    })
    .map(({ name }) => name);
}

function closedMs({ closedAt, createdAt }: SessionRecord): number {
  return Date.parse(closedAt ?? createdAt);
}

/** Of a log that is longer than its bound the disk gets back whole pieces of this size from its begin. */
export const pieceBytes = 1 << 20;

/** The first byte that is still there: of a log nobody but its size has to be asked. */
export function firstKept(size: number, mostBytes: number): number {
  return Math.max(0, Math.floor((size - mostBytes) / pieceBytes) * pieceBytes);
}
