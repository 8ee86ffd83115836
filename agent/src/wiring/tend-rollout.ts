/** Wiring: starts the lead's program where this node is to run one. */
import { join } from "node:path";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import type { AgentConfig } from "../config.ts";
import { createRolloutTender, type RolloutSessions } from "../host/sessions/rollout-session.ts";
import { readDocument } from "../host/state/documents.ts";
import { EndedRollout } from "../rollout/ended-rollout.ts";
import { wantedSession, type SessionSight } from "../rollout/wanted-session.ts";

export interface Tending {
  config: Pick<AgentConfig, "stateDir" | "runtimeDir" | "lead">;
  configFile: string;
  /** This agent's script: sessions run it. */
  program: string;
  control: {
    keeper: { state: () => TrustState | null };
    rollout: () => SessionSight["record"];
    storedRollout: () => SessionSight["stored"];
  };
  sessions: RolloutSessions;
  log: Log;
}

export function tendRollout({ config, configFile, program, control, sessions, log }: Tending): () => void {
  const tend = createRolloutTender(sessions, (error) =>
    log.warn({ error }, "the rollout's session was not started"),
  );
  const { stateDir, runtimeDir, lead } = config;
  const readEnded = endedReader(stateDir);
  return () => {
    const state = control.keeper.state();
    const wanted = wantedSession({
      state,
      record: control.rollout(),
      stored: control.storedRollout(),
      ended: lead.eligible ? readEnded(state?.head?.id) : null,
      isEligible: lead.eligible,
      nowMs: Date.now(),
    });
    tend(wanted === null ? null : { ...wanted, program, configFile, stateDir, runtimeDir });
  };
}

export function endedFile(stateDir: string): string {
  return join(stateDir, "ended-rollout.json");
}

/** A node looks all the time: what was found for the newest head is not read again. */
function endedReader(stateDir: string): (head: Digest | undefined) => EndedRollout | null {
  let found: EndedRollout | null = null;
  return (head) => {
    if (head !== found?.head) found = readDocument(endedFile(stateDir), EndedRollout);
    return found;
  };
}
