/** Wiring: the sessions of this node, for the parts that start some, lead one, watch them or type into them. */
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { errorChain, type ErrorCode } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import type { SessionAsk } from "@chimera/proto/sessions/view-ask";
import type { AgentConfig } from "../config.ts";
import { bootId, uptimeMs } from "../host/boot-clock.ts";
import { openSessions, type HostSessions } from "../host/sessions/open-sessions.ts";
import type { RootSocket } from "../host/root-socket.ts";
import { serveViewers } from "../host/sessions/serve-viewers.ts";
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
    endOfRollout: (head) => endOfRollout(stateDir, head),
    log: log.child({ component: "sessions" }),
  });
}

/** Its program notes what it saw; one that finds another document accepted only leaves. */
function endOfRollout(stateDir: string, head: Digest): string | null {
  const ended = readDocument(endedFile(stateDir), EndedRollout);
  if (ended?.head === head) return ended.phase;
  const state = readDocument(join(stateDir, "trust.json"), TrustState);
  const isLed = state === null || (state.head?.id === head && state.panic === null);
  return isLed ? null : "another document was accepted: nobody leads it any more";
}

interface Teller {
  report: (event: { type: "alarm"; data: { code: ErrorCode; message: string } }) => void;
  sessionPost: { takeLocal: (ask: SessionAsk, send: (frame: Uint8Array) => void) => void } | null;
}

/** For whoever sits at the node; and nobody loses a session without a word. */
export function tellOfSessions(
  { config, log }: { config: Pick<AgentConfig, "runtimeDir" | "stateDir">; log: Log },
  sessions: HostSessions,
  { report, sessionPost }: Teller,
): RootSocket {
  sessions.onChange((change) => {
    if (change.kind !== "ended" || change.facts.state !== "lost") return;
    const { name, note = "", what } = change.facts;
    const message = `session ${name} (${what}) is lost: ${note}`.slice(0, 2048);
    report({ type: "alarm", data: { code: "not-found", message } });
  });
  sessions.onUnrecorded((session, error) => {
    const message = `session ${session}, whose keyboard was given to somebody, is not recorded: ${errorChain(error)}`;
    report({ type: "alarm", data: { code: error.code, message: message.slice(0, 2048) } });
  });
  sessions.onStrangers((units) => {
    const [unit = ""] = units;
    const more = units.length === 1 ? "" : ` (and ${units.length - 1} more)`;
    const message = `unit ${unit}${more} runs, and the record of its session cannot be read: no order ends it, "systemctl stop ${unit}" on the node does`;
    report({ type: "alarm", data: { code: "file-unreadable", message } });
  });
  sessions.onUncut((session, error) => {
    const message = `the log of session ${session} grows without bound, since the file system of ${config.stateDir} takes no part of a file back: ${errorChain(error)}`;
    report({ type: "alarm", data: { code: error.code, message: message.slice(0, 2048) } });
  });
  return serveViewers({
    runtimeDir: config.runtimeDir,
    take: (ask, send) => sessionPost?.takeLocal(ask, send),
    log: log.child({ component: "sessions" }),
  });
}
