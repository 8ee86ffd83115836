/** For tests: the sessions of a node on a real systemd and a real tmux server; agents come and go. */
import { join } from "node:path";
import { createLog } from "@chimera/proto/log";
import { SessionName, type SessionFacts } from "@chimera/proto/sessions/session";
import type { SessionStart } from "../../sessions/sessions.ts";
import { openSessions, type HostSessions } from "./open-sessions.ts";
import type { SessionsOptions } from "./sessions-state.ts";
import { startSystemd, type SystemdFixture } from "./systemd-fixture.ts";
import { createTmuxFixture, type TmuxFixture } from "./tmux-fixture.ts";

export interface SessionsFixture {
  systemd: SystemdFixture;
  tmux: TmuxFixture;
  stateDir: string;
  /** Another agent; the one before is as if killed. */
  agent: (over?: Partial<SessionsOptions>) => HostSessions;
  dispose: () => Promise<void>;
}

export async function createSessionsFixture(): Promise<SessionsFixture> {
  const systemd = await startSystemd();
  const tmux = createTmuxFixture();
  tmux.open("sentinel", "exec sleep 1000");
  const stateDir = join(systemd.folder, "state");
  let last: HostSessions | null = null;
  return {
    systemd,
    tmux,
    stateDir,
    agent(over = {}) {
      last?.close();
      last = openSessions({
        stateDir,
        runtimeDir: tmux.folder,
        bootId: "this-boot",
        uptimeMs: () => Math.round(performance.now()),
        nowMs: Date.now,
        endOfRollout: () => null,
        log: createLog({ fields: {}, write: () => undefined }),
        systemdSocket: systemd.socket,
        ...over,
      });
      return last;
    },
    async dispose() {
      last?.close();
      await tmux.dispose();
      await systemd.dispose();
    },
  };
}

export const nameOf = (text: string): SessionName => SessionName.parse(text);

export function shell(name: string, script: string, over: Partial<SessionStart> = {}): SessionStart {
  return {
    name: nameOf(name),
    kind: "task",
    what: "a test",
    argv: ["sh", "-c", script],
    output: "log",
    ...over,
  };
}

export function ended(sessions: HostSessions, name: string): Promise<SessionFacts> {
  return new Promise((resolve) => {
    const look = (): boolean => {
      const facts = sessions.facts(nameOf(name));
      if (facts === null || facts.state === "running") return false;
      resolve(facts);
      return true;
    };
    if (!look()) sessions.onChange(() => look());
  });
}
