/** SHELL. Session `deploy-<serial>`: what becomes of a delivered document on this node, for whoever watches, here or elsewhere. */
import { ChimeraError } from "@chimera/proto/errors";
import { SessionName } from "@chimera/proto/sessions/session";
import type { HostSessions } from "./open-sessions.ts";

export interface DeploySession {
  serial: number;
  /** The agent's own, with its configuration. */
  program: string;
  configFile: string;
}

/** It only shows: killing it changes nothing, and it ends by itself when the node is done. Throws what stands in its way. */
export async function openDeploySession(
  sessions: HostSessions,
  { serial, program, configFile }: DeploySession,
): Promise<void> {
  const name = SessionName.parse(`deploy-${serial}`);
  const [outcome] = await sessions.start([
    {
      name,
      kind: "deploy",
      what: `head ${serial} on its way through this node`,
      argv: [process.execPath, program, "follow", `${serial}`, "--config", configFile],
      output: "log",
    },
  ]);
  // One that runs already shows the same.
  if (outcome?.kind === "refused" && outcome.code !== "write-conflict")
    throw new ChimeraError(outcome.code, outcome.message);
  await sessions.show(name);
}
