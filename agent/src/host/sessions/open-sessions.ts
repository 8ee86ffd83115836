/**
 * SHELL. The sessions of this node. Each runs in a unit of its own and has a record on the disk, so that neither the agent's end nor its renewal
 * touches them. What others ask of them: `sessions/sessions.ts`.
 */
import { constants } from "node:os";
import { ChimeraError } from "@chimera/proto/errors";
import { StreamId, type SessionName } from "@chimera/proto/sessions/session";
import type { KeyboardWitness } from "../../sessions/keyboard-witness.ts";
import type { OutputSource } from "../../sessions/output-source.ts";
import { mostRunning } from "../../sessions/session-limits.ts";
import type { Typist } from "../../sessions/typist.ts";
import type { EndSignal, Sessions } from "../../sessions/sessions.ts";
import { killUnits } from "../systemd/transient-units.ts";
import { adoptRollout, type LedRollout } from "./adopt-rollout.ts";
import { readSessions, settleSessions } from "./find-sessions.ts";
import { openLogSource } from "./log-source.ts";
import { openKeys } from "./open-keys.ts";
import { openPaneSource } from "./pane-source.ts";
import { createWitness } from "./record-typed.ts";
import { openRecordStore } from "./record-store.ts";
import { graceMs } from "./session-units.ts";
import {
  doubtTerminals,
  keep,
  liveFacts,
  pictureFile,
  tell,
  type Live,
  type SessionsOptions,
  type SessionsState,
} from "./sessions-state.ts";
import { showSession } from "./show-session.ts";
import { startSessions } from "./start-sessions.ts";
import { openTold, type ToldSession, type ToldStart } from "./told-sessions.ts";
import { closeView } from "./view-session.ts";
import { forgetOutlived, tendSessions } from "./tend-sessions.ts";
import { openLastPicture, tmuxSocket } from "./terminal-panes.ts";

export interface HostSessions extends Sessions {
  /** Keys into its terminal. Throws not-found where there is none. */
  typist: (name: SessionName, onEnd: (reason: string) => void) => Promise<Typist>;
  /** Writes down what becomes of sessions in which somebody types. */
  witness: KeyboardWitness;
  /** Of sessions that may be typed into and are not recorded, and why. */
  onUnrecorded: (listener: (name: SessionName, error: ChimeraError) => void) => void;
  /** Of units that run on though nobody knows any more what they are: nobody can end them by their session. */
  onStrangers: (listener: (units: readonly string[]) => void) => void;
  /** Its log grows without bound: told once while it does. */
  onUncut: (listener: (name: SessionName, error: ChimeraError) => void) => void;
  /** A tmux session in which people on the node read its log. Throws tool-failed. */
  show: (name: SessionName) => Promise<void>;
  hide: (name: SessionName) => Promise<void>;
  /** One that the agent itself speaks in; it goes on where it ended. */
  tell: (start: ToldStart) => Promise<ToldSession>;
  /** The lead's program, which runs in a unit of its own already; again and again. */
  adopt: (rollout: LedRollout) => Promise<void>;
  /** Resolves when what an earlier agent left was looked at once. */
  settled: Promise<void>;
  /** Resolves when what was asked for until now has begun, or was refused: an order is carried out once, by whoever took it. */
  drained: () => Promise<void>;
  close: () => void;
}

const ageEveryMs = 3_600_000;

export function openSessions(options: SessionsOptions): HostSessions {
  const state = createState(options, () => tending.soon());
  const tending = tendSessions(state);
  readSessions(state);
  const timer = setInterval(() => forgetOutlived(state), ageEveryMs).unref();
  const settled = settle(state);
  const pending = createPending();
  return {
    settled,
    list: () => [...state.live.values()].map(liveFacts),
    facts: (name) => factsOf(state, name),
    room: (output) => mostRunning[output] - countRunning(state, output),
    open: (name, onOutput) => openFound(state, name, onOutput),
    onChange: (listener) => void state.listeners.push(listener),
    // What an earlier agent left may hold a name, or a place.
    start: (starts) => pending.add(settled.then(() => startSessions(state, starts))),
    drained: pending.drained,
    end: (name, signal) => end(state, name, signal),
    remove: (name) => remove(state, name),
    show: (name) => show(state, name),
    hide: (name) => closeView(state.options.runtimeDir, name),
    tell: (start) => settled.then(() => openTold(state, start)),
    typist: (name, onEnd) => openKeys(state, name, onEnd),
    witness: createWitness(state),
    onUnrecorded: (listener) => void state.unrecorded.push(listener),
    onStrangers: (listener) => void state.strangers.push(listener),
    onUncut: (listener) => void state.uncut.push(listener),
    adopt: (rollout) => settled.then(() => adoptRollout(state, rollout)),
    close() {
      state.isClosed = true;
      clearInterval(timer);
      tending.stop();
      for (const { recorder } of state.live.values()) recorder?.stop("the agent stops");
    },
  };
}

function createState(options: SessionsOptions, lookSoon: () => void): SessionsState {
  return {
    options,
    store: openRecordStore(options.stateDir, options.log),
    live: new Map(),
    listeners: [],
    unrecorded: [],
    strangers: [],
    uncut: [],
    lookSoon,
    areTerminalsInDoubt: false,
    isClosed: false,
  };
}

async function show(state: SessionsState, name: SessionName): Promise<void> {
  const live = state.live.get(name);
  if (live !== undefined) await showSession(state, live);
}

function createPending() {
  const all = new Set<Promise<unknown>>();
  return {
    add<T>(work: Promise<T>): Promise<T> {
      const done = Promise.allSettled([work]).finally(() => all.delete(done));
      all.add(done);
      return work;
    },
    drained: () => Promise.allSettled(all).then(() => undefined),
  };
}

async function settle(state: SessionsState): Promise<void> {
  try {
    await settleSessions(state);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.options.log.error({ error }, "sessions of an earlier agent could not be settled");
  }
  state.lookSoon();
}

function factsOf({ live }: SessionsState, name: SessionName) {
  const found = live.get(name);
  return found === undefined ? null : liveFacts(found);
}

function countRunning({ live }: SessionsState, output: "log" | "terminal"): number {
  return [...live.values()].filter(({ record }) => record.state === "running" && record.output === output)
    .length;
}

function openFound(
  state: SessionsState,
  name: SessionName,
  onOutput: () => void,
): Promise<OutputSource> | null {
  const live = state.live.get(name);
  return live === undefined ? null : openOutput(state, live, onOutput);
}

async function openOutput(state: SessionsState, live: Live, onOutput: () => void): Promise<OutputSource> {
  const { name, log, run, size, history, terminal, note } = live.record;
  if (log !== null) return openLogSource({ ...log, stream: StreamId.parse(run), size, onChange: onOutput });
  if (history !== null) return openLastPicture(pictureFile(state, name), { run, history, size });
  if (terminal === null)
    throw new ChimeraError(
      "not-found",
      `nothing is left of what session ${name} showed${note === null ? "" : `: ${note}`}`,
    );
  const { session } = terminal;
  return openPaneSource({
    socket: tmuxSocket(state.options.runtimeDir),
    session,
    onOutput,
    onEnd(reason) {
      state.options.log.debug({ session: name, reason }, "a terminal is not listened to any more");
      doubtTerminals(state);
    },
  });
}

async function end(state: SessionsState, name: SessionName, signal: EndSignal): Promise<void> {
  const live = state.live.get(name);
  if (live === undefined) throw new ChimeraError("not-found", `there is no session ${name}`);
  const { record } = live;
  if (record.isTold)
    throw new ChimeraError("input-invalid", `nothing runs in session ${name}: it only shows`);
  if (record.leads !== null)
    throw new ChimeraError(
      "input-invalid",
      `${name} leads a rollout: that is ended by orders for the rollout`,
    );
  if (record.state !== "running") return;
  const killAtMs = record.ending?.killAtMs ?? state.options.uptimeMs() + graceMs;
  await keep(state, [live], [{ ...record, ending: { signal, killAtMs } }]);
  await killUnits([{ unit: record.unit, signal: constants.signals[signal] }], state.options.systemdSocket);
  state.lookSoon();
}

async function remove(state: SessionsState, name: SessionName): Promise<void> {
  const live = state.live.get(name);
  if (live === undefined) throw new ChimeraError("not-found", `there is no session ${name}`);
  if (live.record.state === "running")
    throw new ChimeraError("write-conflict", `session ${name} runs: end it first`);
  state.live.delete(name);
  state.store.remove(name);
  tell(state, { kind: "removed", name });
}
