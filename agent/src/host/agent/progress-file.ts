/** SHELL. What the watchdog looks at: the agent's pid, and a file whose text only the loop's own passes move. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { uptimeMs } from "../boot-clock.ts";

export interface ProgressFile {
  touch: () => void;
  /** For whoever wants to restart the sentinel: only while nothing is half done. */
  noteRest: (isResting: boolean) => void;
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
    noteRest: createRestFile(join(runtimeDir, "at-rest")),
    during(action) {
      const timer = setInterval(touch, touchMs);
      return action.finally(() => clearInterval(timer));
    },
  };
}

/** There while the node is at rest; it names the process that says so. */
function createRestFile(file: string): (isResting: boolean) => void {
  rmSync(file, { force: true });
  let shown = false;
  return (isResting) => {
    if (isResting === shown) return;
    shown = isResting;
    if (isResting) writeFileSync(file, `${process.pid}\n`);
    else rmSync(file, { force: true });
  };
}
