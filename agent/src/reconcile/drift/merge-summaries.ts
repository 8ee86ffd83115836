/** PURE. One summary of all that is compared on a node: /etc, and what lies beyond it. */
import type { DriftSummary } from "@chimera/proto/drift";

const shownItems = 50;
const shownUnseen = 16;

/** What only one source says is the first one's; changes are watched where no source says that its watch was lost. */
export function mergeSummaries(first: DriftSummary, ...others: readonly DriftSummary[]): DriftSummary {
  const summaries = [first, ...others];
  const sum = (read: (summary: DriftSummary) => number): number =>
    summaries.reduce((total, summary) => total + read(summary), 0);
  const watching = summaries.flatMap((summary) => summary.watching ?? []);
  const unseen = [...new Set(summaries.flatMap((summary) => summary.unseen ?? []))].slice(0, shownUnseen);
  return {
    ...first,
    ...(watching.length === 0 ? {} : { watching: watching.every((watches) => watches) }),
    ...(unseen.length === 0 ? {} : { unseen }),
    lastSweepAt: oldest(summaries.map(({ lastSweepAt }) => lastSweepAt)),
    managed: sum(({ managed }) => managed),
    open: summaries.flatMap(({ open }) => open).slice(0, shownItems),
    openCount: sum(({ openCount }) => openCount),
    reverted: sum(({ reverted }) => reverted),
    fought: summaries.flatMap(({ fought }) => fought ?? []).slice(0, shownItems),
  };
}

/** A source that stands still must show: the oldest counts, and none while one has none. */
function oldest(times: readonly (string | null)[]): string | null {
  const known = times.filter((time) => time !== null);
  return known.length < times.length ? null : (known.toSorted()[0] ?? null);
}
