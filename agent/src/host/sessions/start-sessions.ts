/** SHELL. Starts sessions, many at once: their records first, then all of their terminals, then all of their units. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError, errorChain, type ErrorCode } from "@chimera/proto/errors";
import { SessionRun, type SessionName } from "@chimera/proto/sessions/session";
import { mostRunning, usualLogBytes } from "../../sessions/session-limits.ts";
import { newRecord, type SessionRecord } from "../../sessions/session-record.ts";
import type { SessionStart, StartOutcome } from "../../sessions/sessions.ts";
import { startTransientUnits, type TransientUnit } from "../systemd/transient-units.ts";
import { makeLog } from "./record-store.ts";
import { makeUnit, sessionUnit, type Outlet } from "./session-units.ts";
import { createLive, liveFacts, noteBegun, tell, type Live, type SessionsState } from "./sessions-state.ts";
import { closePanes, historyLimit, openPanes, tmuxSocket, type Pane } from "./terminal-panes.ts";

interface Begun {
  start: SessionStart;
  live: Live;
  outlet: Outlet | null;
  refusal: { code: ErrorCode; message: string } | null;
  /** One that has ended had its name. */
  replaces: boolean;
}

const usualSize = { columns: 120, rows: 40 } as const;

export async function startSessions(
  state: SessionsState,
  starts: readonly SessionStart[],
): Promise<StartOutcome[]> {
  const begun = starts.map((start) => begin(state, start));
  const open = (): Begun[] => begun.filter(({ refusal }) => refusal === null);
  await orRefuse(open(), () => openTerminals(state, open()));
  await orRefuse(open(), () => state.store.save(open().map(({ live }) => live.record)));
  await startUnits(state, open());
  for (const { live, refusal, start } of begun) if (refusal !== null) forget(state, start.name, live);
  await closePanes(
    tmuxSocket(state.options.runtimeDir),
    begun.flatMap(({ live, refusal }) => (refusal === null ? [] : (live.record.terminal?.session ?? []))),
  );
  for (const { live } of open()) {
    live.isStarting = false;
    tell(state, { kind: "started", facts: liveFacts(live) });
  }
  state.lookSoon();
  return begun.map(outcomeOf);
}

/** Its name is taken from here on. */
function begin(state: SessionsState, start: SessionStart): Begun {
  const before = state.live.get(start.name);
  const refusal = refuse(state, start);
  const live = createLive(recordOf(state, start));
  live.isStarting = true;
  const begun: Begun = { start, live, outlet: null, refusal, replaces: before !== undefined };
  if (refusal !== null) return begun;
  if (before !== undefined) removeEnded(state, start.name);
  state.live.set(start.name, live);
  attemptFor(begun, () => {
    if (start.output === "terminal") return;
    const file = makeLog(state.store.folderOf(start.name));
    begun.outlet = { kind: "log", file };
    live.record = { ...live.record, log: { file, mostBytes: start.mostBytes ?? usualLogBytes } };
  });
  return begun;
}

/** One that has ended gives way to a new one of its name. */
function removeEnded(state: SessionsState, name: SessionName): void {
  state.live.delete(name);
  state.store.remove(name);
  tell(state, { kind: "removed", name });
}

function refuse({ live }: SessionsState, { name, output }: SessionStart): Begun["refusal"] {
  if (name === "sentinel")
    return { code: "input-invalid", message: "sentinel is the name of the session in which the agent lives" };
  const before = live.get(name)?.record;
  if (before?.state === "running")
    return { code: "write-conflict", message: `session ${name} runs already, since ${before.createdAt}` };
  const running = [...live.values()].filter(
    ({ record }) => record.state === "running" && record.output === output,
  ).length;
  if (running < mostRunning[output]) return null;
  return {
    code: "overloaded",
    message: `${running} sessions of output ${output} run on this node, and more may not: end some first`,
  };
}

function recordOf({ options }: SessionsState, start: SessionStart): SessionRecord {
  const { name, kind, what, output, size = usualSize, timeoutMs = null } = start;
  const run = SessionRun.parse(randomBytes(8).toString("hex"));
  const createdAt = new Date(options.nowMs()).toISOString();
  const unit = sessionUnit(name);
  return newRecord({
    name,
    kind,
    run,
    what,
    output,
    size,
    createdAt,
    bootId: options.bootId,
    unit,
    timeoutMs,
    hasBegun: false,
  });
}

async function openTerminals({ options, live }: SessionsState, begun: readonly Begun[]): Promise<void> {
  const wanted = begun.filter(({ start }) => start.output === "terminal");
  if (wanted.length === 0) return;
  const all = [...live.values()].filter(
    ({ record }) => record.state === "running" && record.output === "terminal",
  ).length;
  const places = wanted.map(({ live: { record } }) => ({ name: record.name, size: record.size }));
  const panes = await openPanes(tmuxSocket(options.runtimeDir), places, historyLimit(all));
  for (const [index, one] of wanted.entries()) takePane(one, panes[index] ?? null);
}

function takePane(begun: Begun, pane: Pane | null): void {
  if (pane === null) {
    const message = `tmux has no terminal for session ${begun.start.name}: is there a tmux session of that name?`;
    begun.refusal = { code: "tool-failed", message };
    return;
  }
  const { tty, ...terminal } = pane;
  begun.outlet = { kind: "terminal", tty };
  begun.live.record = { ...begun.live.record, terminal };
}

async function startUnits(state: SessionsState, begun: readonly Begun[]): Promise<void> {
  const ready: { begun: Begun; unit: TransientUnit }[] = [];
  for (const one of begun) {
    const { outlet, start } = one;
    if (outlet !== null)
      attemptFor(one, () => void ready.push({ begun: one, unit: makeUnit(start, outlet) }));
  }
  try {
    await startReady(state, ready);
    // systemd may still be forgetting the one that had this name.
    const again = ready.filter(({ begun: { refusal, replaces } }) => refusal !== null && replaces);
    if (again.length === 0) return;
    await sleep(forgetMs);
    for (const { begun: one } of again) one.refusal = null;
    await startReady(state, again);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    // Whether it took them nobody knows: their units are looked for, as after a restart of the agent.
    state.options.log.warn(
      { error, sessions: ready.length },
      "systemd did not say whether it started sessions",
    );
  }
}

const forgetMs = 200;

async function startReady(
  state: SessionsState,
  ready: readonly { begun: Begun; unit: TransientUnit }[],
): Promise<void> {
  const refusals = await startTransientUnits(
    ready.map(({ unit }) => unit),
    state.options.systemdSocket,
  );
  for (const [index, { begun }] of ready.entries()) {
    const said = refusals[index] ?? null;
    if (said !== null)
      begun.refusal = { code: "tool-failed", message: `systemd: session ${begun.start.name}: ${said}` };
  }
  const taken = ready.filter(({ begun: { refusal } }) => refusal === null);
  noteBegun(
    state,
    taken.map(({ begun: { live } }) => live),
  );
}

function attemptFor(begun: Begun, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    begun.refusal = { code: error.code, message: errorChain(error) };
  }
}

/** What all of them need was refused. */
async function orRefuse(begun: readonly Begun[], work: () => Promise<void>): Promise<void> {
  if (begun.length === 0) return;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    for (const one of begun) one.refusal ??= { code: error.code, message: errorChain(error) };
  }
}

/** Another one of that name is not touched. */
function forget(state: SessionsState, name: SessionName, live: Live): void {
  if (state.live.get(name) !== live) return;
  state.live.delete(name);
  state.store.remove(name);
}

function outcomeOf({ start, live, refusal }: Begun): StartOutcome {
  return refusal === null
    ? { kind: "started", facts: liveFacts(live) }
    : { kind: "refused", name: start.name, code: refusal.code, message: refusal.message.slice(0, 1024) };
}
