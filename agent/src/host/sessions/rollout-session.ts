/**
 * SHELL. The lead's program in a unit of its own, and tmux session `rollout-<serial>`, in which people watch what it says. A lost
 * tmux server loses the view, never the rollout.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { SessionName } from "@chimera/proto/sessions/session";
import { runOk } from "../run.ts";
import { readUnitState } from "../systemd/systemd.ts";
import type { HostSessions } from "./open-sessions.ts";

export interface RolloutSession {
  /** Id of the head: the program leads no other one. */
  head: Digest;
  epoch: number;
  serial: number;
  /** The agent's own, with its configuration. */
  program: string;
  configFile: string;
  stateDir: string;
  runtimeDir: string;
}

const toolMs = 30_000;

/** Starts what does not run; what runs is left alone. */
async function ensureRollout(sessions: RolloutSessions, session: RolloutSession): Promise<void> {
  await ensureUnit(session);
  const name = SessionName.parse(`rollout-${session.serial}`);
  const { head, serial } = session;
  const what = `lead of the rollout of head ${serial}`;
  await sessions.adopt({ name, unit: unitName(session), log: logFile(session), head, what });
  await sessions.show(name);
}

export type RolloutSessions = Pick<HostSessions, "adopt" | "show">;

async function ensureUnit(session: RolloutSession): Promise<void> {
  const name = unitName(session);
  const active = (await readUnitState(name))?.active;
  // Also one that waits for its next start is there.
  if (active !== undefined && active !== "inactive" && active !== "failed") return;
  const log = logFile(session);
  makeFolder(join(session.stateDir, "log"));
  await runOk("systemd-run", unitArguments(session, log), { timeoutMs: toolMs });
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new ChimeraError("file-unreadable", `make ${path}`, { cause });
  }
}

export function unitArguments(session: RolloutSession, log: string): string[] {
  const properties = [
    // Whoever took its lease meanwhile is followed.
    "Restart=on-failure",
    "RestartSec=2",
    "StartLimitIntervalSec=0",
    "WorkingDirectory=/",
    `StandardOutput=append:${log}`,
    `StandardError=append:${log}`,
  ];
  return [
    "--quiet",
    "--no-ask-password",
    "--collect",
    `--unit=${unitName(session)}`,
    "--service-type=exec",
    `--description=Chimera: lead of rollout ${session.serial}`,
    ...properties.map((property) => `--property=${property}`),
    "--",
    process.execPath,
    session.program,
    "lead",
    "--order",
    session.head,
    "--config",
    session.configFile,
  ];
}

function unitName({ epoch, serial }: RolloutSession): string {
  return `chimera-rollout-${epoch}-${serial}.service`;
}

function logFile({ stateDir, epoch, serial }: RolloutSession): string {
  return join(stateDir, "log", `rollout-${epoch}-${serial}.log`);
}

/** Looks start programs: a loop that is busy with its own node asks for more than a lead needs. */
const tendEveryMs = 5_000;

/** One look at a time; what fails is tried again at the next. */
export function createRolloutTender(
  sessions: RolloutSessions,
  onTrouble: (error: unknown) => void,
): (wanted: RolloutSession | null) => void {
  let isBusy = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  return (wanted) => {
    if (wanted === null || isBusy || performance.now() - lastMs < tendEveryMs) return;
    isBusy = true;
    lastMs = performance.now();
    void ensureRollout(sessions, wanted)
      .catch((error: unknown) => {
        if (!(error instanceof ChimeraError)) throw error;
        onTrouble(error);
      })
      .finally(() => (isBusy = false));
  };
}
