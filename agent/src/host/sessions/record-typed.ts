/** SHELL. Of sessions whose keyboard somebody is given, what they show is recorded, beside their records. What cannot be recorded goes on all the same, and is told. */
import { maxCastLine } from "@chimera/proto/sessions/cast";
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { KeyboardWitness } from "../../sessions/keyboard-witness.ts";
import { mostRecordedBytes } from "../../sessions/session-limits.ts";
import { recordTerminal, type Told } from "./record-terminal.ts";
import { doubtTerminals, type Live, type SessionsState } from "./sessions-state.ts";
import { tmuxSocket } from "./terminal-panes.ts";

export function createWitness(state: SessionsState): KeyboardWitness {
  const take = (name: SessionName, one: Told): void => state.live.get(name)?.recorder?.take(one);
  return {
    async begin(name) {
      const live = state.live.get(name);
      if (live === undefined || live.recorder !== null || isFull(live)) return;
      await begin(state, live);
    },
    given: (name, { holder, order }) => take(name, { kind: "given", holder, order }),
    typed: (name, bytes) => take(name, { kind: "typed", bytes }),
    over: (name, reason) => take(name, { kind: "over", reason }),
  };
}

/** One that became so had no room for another line. */
function isFull({ recorded }: Live): boolean {
  return mostRecordedBytes - recorded < maxCastLine;
}

async function begin(state: SessionsState, live: Live): Promise<void> {
  const { options, store } = state;
  const { name, what, terminal } = live.record;
  if (terminal === null) return;
  try {
    const recorder = await recordTerminal({
      socket: tmuxSocket(options.runtimeDir),
      session: terminal.session,
      folder: store.folderOf(name),
      title: `${name}: ${what}`,
      mostBytes: mostRecordedBytes,
      usedBytes: live.recorded,
      nowMs: options.nowMs,
      onBytes: (bytes) => void (live.recorded += bytes),
      onOver(refusal) {
        live.recorder = null;
        doubtTerminals(state);
        if (refusal !== null) refused(state, name, refusal);
      },
    });
    if (!recorder.isOver()) live.recorder = recorder;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    if (live.record.state === "running") refused(state, name, error);
  }
}

function refused({ options, unrecorded }: SessionsState, name: SessionName, error: ChimeraError): void {
  options.log.warn({ session: name, error }, "a session is not recorded");
  for (const listener of unrecorded) listener(name, error);
}
