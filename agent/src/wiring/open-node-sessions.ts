/** Wiring: the sessions of this node, for the parts that start some, lead one, watch them or type into them. */
import type { Log } from "@chimera/proto/log";
import type { SessionAsk } from "@chimera/proto/sessions/view-ask";
import type { AgentConfig } from "../config.ts";
import { bootId, uptimeMs } from "../host/boot-clock.ts";
import { openSessions, type HostSessions } from "../host/sessions/open-sessions.ts";
import { serveViewers, type ViewerSocket } from "../host/sessions/serve-viewers.ts";
import { readDocument } from "../host/state/documents.ts";
import { EndedRollout } from "../rollout/ended-rollout.ts";
import { endedFile } from "./tend-rollout.ts";

export function openNodeSessions(
  config: Pick<AgentConfig, "stateDir" | "runtimeDir">,
  log: Log,
): HostSessions {
  const { stateDir, runtimeDir } = config;
  return openSessions({
    stateDir,
    runtimeDir,
    bootId: bootId(),
    uptimeMs,
    nowMs: Date.now,
    endedRollout: () => readDocument(endedFile(stateDir), EndedRollout),
    log: log.child({ component: "sessions" }),
  });
}

interface Teller {
  report: (event: { type: "alarm"; data: { code: "not-found"; message: string } }) => void;
  sessionPost: { takeLocal: (ask: SessionAsk, send: (frame: Uint8Array) => void) => void } | null;
}

/** For whoever sits at the node; and nobody loses a session without a word. */
export function tellOfSessions(
  { config, log }: { config: Pick<AgentConfig, "runtimeDir">; log: Log },
  sessions: HostSessions,
  { report, sessionPost }: Teller,
): ViewerSocket {
  sessions.onChange((change) => {
    if (change.kind !== "ended" || change.facts.state !== "lost") return;
    const { name, note = "", what } = change.facts;
    const message = `session ${name} (${what}) is lost: ${note}`.slice(0, 2048);
    report({ type: "alarm", data: { code: "not-found", message } });
  });
  return serveViewers({
    runtimeDir: config.runtimeDir,
    take: (ask, send) => sessionPost?.takeLocal(ask, send),
    log: log.child({ component: "sessions" }),
  });
}
