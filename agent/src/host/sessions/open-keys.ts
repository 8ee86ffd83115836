/** SHELL. Who types into a session's terminal: its size is then the session's, and is kept. */
import { ChimeraError } from "@chimera/proto/errors";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { Typist } from "../../sessions/typist.ts";
import { openTypist } from "./open-typist.ts";
import {
  doubtTerminals,
  liveFacts,
  saveRunning,
  tell,
  type Live,
  type SessionsState,
} from "./sessions-state.ts";
import { tmuxSocket } from "./terminal-panes.ts";
/** Keys into its terminal, and its size. Throws not-found where there is none. */
export async function openKeys(
  state: SessionsState,
  name: SessionName,
  onEnd: (reason: string) => void,
): Promise<Typist> {
  const live = state.live.get(name);
  const terminal = live?.record.terminal ?? null;
  if (live === undefined || terminal === null || live.record.state !== "running")
    throw new ChimeraError("not-found", `session ${name} has no terminal in which somebody could type`);
  const socket = tmuxSocket(state.options.runtimeDir);
  const typist = await openTypist({
    socket,
    session: terminal.session,
    onEnd(reason) {
      doubtTerminals(state);
      onEnd(reason);
    },
  });
  return {
    ...typist,
    async resize(size) {
      await typist.resize(size);
      if (live.record.state !== "running") return;
      live.record = { ...live.record, size };
      saveSoon(state, live);
      tell(state, { kind: "changed", facts: liveFacts(live) });
    },
  };
}

const saveMs = 1_000;

/** What somebody drags with the mouse is another size fifty times a second. */
function saveSoon(state: SessionsState, live: Live): void {
  live.saving ??= setTimeout(() => {
    live.saving = null;
    void saveRunning(state, [live]);
  }, saveMs).unref();
}
