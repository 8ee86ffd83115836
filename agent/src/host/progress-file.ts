/** SHELL. What the watchdog looks at: the agent's pid, and a file whose time only the loop's own passes move. */
import { mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ProgressFile {
  touch: () => void;
  /** Shows progress while an action takes its time: each has a limit of its own, so none hides a loop that hangs. */
  during: <T>(action: Promise<T>) => Promise<T>;
}

const touchMs = 10_000;

export function openProgressFile(runtimeDir: string): ProgressFile {
  mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
  const pid = join(runtimeDir, "agent.pid");
  writeFileSync(`${pid}.agent`, `${process.pid}\n`);
  renameSync(`${pid}.agent`, pid);
  const progress = join(runtimeDir, "progress");
  const touch = () => {
    const now = new Date();
    try {
      utimesSync(progress, now, now);
    } catch {
      writeFileSync(progress, "");
    }
  };
  touch();
  return {
    touch,
    during(action) {
      const timer = setInterval(touch, touchMs);
      return action.finally(() => clearInterval(timer));
    },
  };
}
