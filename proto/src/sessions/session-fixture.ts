/** PURE. For tests of all programs: a session as its node tells it. */
import { SessionFacts } from "./session.ts";

/** A deployment that runs, but for the changes. */
export function sessionFacts(name: string, changes: Partial<SessionFacts> = {}): SessionFacts {
  return SessionFacts.parse({
    name,
    kind: "deploy",
    run: "fedcba9876543210",
    state: "running",
    what: "head 7",
    createdAt: "2026-11-30T02:00:00.000Z",
    endedAt: null,
    exitCode: null,
    signal: null,
    size: { columns: 80, rows: 24 },
    output: "log",
    bytes: 0,
    viewers: 0,
    keyboard: null,
    ...changes,
  });
}
