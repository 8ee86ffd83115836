/** For tests: a machine with real systemd and tmux, and what tells of its sessions; whoever watches does so by a function, and NATS is what a test makes of it. */
import { ChimeraError } from "@chimera/proto/errors";
import { createLog, type Log } from "@chimera/proto/log";
import type { SessionPostOptions } from "../control/sessions/session-post.ts";
import { fleetId, node } from "../control/fleet-fixture.ts";
import { createSessionPost, type SessionPost } from "../control/sessions/session-post.ts";
import type { HostSessions } from "../host/sessions/open-sessions.ts";
import { createSessionsFixture, type SessionsFixture } from "../host/sessions/sessions-fixture.ts";

export interface ViewedMachine {
  machine: SessionsFixture;
  sessions: HostSessions;
  post: SessionPost;
  dispose: () => Promise<void>;
}

type Connection = SessionPostOptions["connection"];

interface ViewedMachineOptions {
  isConnected?: boolean;
  publish?: Connection["publish"];
  log?: Log;
}

const silent = createLog({ fields: {}, write: () => undefined });

export async function createViewedMachine({
  isConnected = true,
  publish = () => isConnected,
  log = silent,
}: ViewedMachineOptions = {}): Promise<ViewedMachine> {
  const machine = await createSessionsFixture();
  const sessions = machine.agent({ log });
  const connection: Connection = {
    isConnected: () => isConnected,
    publish,
    request: () => Promise.reject(new ChimeraError("deadline-exceeded", "nobody answers")),
  };
  const post = createSessionPost({ node, fleetId, connection, sessions, holderOf: () => null, log });
  return {
    machine,
    sessions,
    post,
    async dispose() {
      post.close();
      await machine.dispose();
    },
  };
}
