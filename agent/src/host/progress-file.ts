/** SHELL. What the watchdog looks at: the agent's pid, and a file whose text only the loop's own passes move. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { uptimeMs } from "./boot-clock.ts";

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
  // The text moves, whatever the clock does: by the file's time a step of it would look like a hang, or hide one.
  const touch = () => writeFileSync(progress, `${uptimeMs()}\n`);
  touch();
  return {
    touch,
    during(action) {
      const timer = setInterval(touch, touchMs);
      return action.finally(() => clearInterval(timer));
    },
  };
}
