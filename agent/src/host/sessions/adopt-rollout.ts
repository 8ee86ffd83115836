/** SHELL. The session of a rollout: its program runs in a unit that the rollout's tender starts, restarts and leaves; here it gets a record. */
import { randomBytes } from "node:crypto";
import type { Digest } from "@chimera/proto/names";
import { SessionRun, type SessionName } from "@chimera/proto/sessions/session";
import { lost } from "../../sessions/judge-end.ts";
import { usualLogBytes } from "../../sessions/session-limits.ts";
import { newRecord, type SessionRecord } from "../../sessions/session-record.ts";
import { closeAll } from "./close-sessions.ts";
import { createLive, liveFacts, tell, type SessionsState } from "./sessions-state.ts";

export interface LedRollout {
  name: SessionName;
  /** With its suffix. */
  unit: string;
  log: string;
  head: Digest;
  what: string;
}

/** Nothing happens where it is known already. Throws file-unreadable. */
export async function adoptRollout(state: SessionsState, rollout: LedRollout): Promise<void> {
  const before = state.live.get(rollout.name);
  if (before?.record.state === "running") {
    if (before.record.unit === rollout.unit) return;
    await closeAll(state, [{ live: before, end: lost("another rollout of that number has begun") }]);
  }
  const live = createLive(recordOf(state, rollout));
  await state.store.save([live.record]);
  if (before !== undefined) tell(state, { kind: "removed", name: rollout.name });
  state.live.set(rollout.name, live);
  tell(state, { kind: "started", facts: liveFacts(live) });
  state.lookSoon();
}

function recordOf({ options }: SessionsState, { name, unit, log, head, what }: LedRollout): SessionRecord {
  return newRecord({
    name,
    kind: "rollout",
    run: SessionRun.parse(randomBytes(8).toString("hex")),
    what,
    output: "log",
    size: { columns: 120, rows: 40 },
    createdAt: new Date(options.nowMs()).toISOString(),
    bootId: options.bootId,
    unit,
    log: { file: log, mostBytes: usualLogBytes },
    leads: head,
  });
}
