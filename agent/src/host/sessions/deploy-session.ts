/** SHELL. tmux session `deploy-<serial>`: root on the node watches there what a delivered document comes to. */
import { ensureView } from "./view-session.ts";

export interface DeploySession {
  serial: number;
  /** The agent's own, with its configuration. */
  program: string;
  configFile: string;
  runtimeDir: string;
}

/** It only shows: killing it changes nothing, and it ends by itself when the node is done. Throws tool-failed. */
export async function openDeploySession(session: DeploySession): Promise<void> {
  const { serial, program, configFile, runtimeDir } = session;
  const argv = [process.execPath, program, "follow", `${serial}`, "--config", configFile];
  await ensureView({ runtimeDir, name: `deploy-${serial}` }, () => Promise.resolve(argv));
}
