/** SHELL. A tmux session in which people on the node read a session's log. It ends with what is read; a lost server loses the view alone. */
import { firstKept } from "../../sessions/session-limits.ts";
import { readMainPid } from "../systemd/transient-units.ts";
import { sizeOf, type Live, type SessionsState } from "./sessions-state.ts";
import { ensureView } from "./view-session.ts";

/** Leaves one that is there alone, and does nothing for a session that is over. Throws tool-failed. */
export async function showSession({ options }: SessionsState, { record }: Live): Promise<void> {
  const { log, name, state, unit } = record;
  if (log === null || state !== "running") return;
  await ensureView({ runtimeDir: options.runtimeDir, name }, async () => {
    // With the agent ends what it alone tells: the next one shows it anew.
    const pid = record.isTold ? process.pid : await readMainPid(unit, options.systemdSocket);
    // Before that the disk has nothing of it any more.
    const from = firstKept(sizeOf(log.file), log.mostBytes) + 1;
    return pid === null ? null : ["tail", "-c", `+${from}`, "-F", `--pid=${pid}`, log.file];
  });
}
