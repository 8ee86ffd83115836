/** SHELL. A lock as flock(1) takes it, held by a program on a pipe of ours: with this process it is gone. Node has no flock(2). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ChimeraError } from "@chimera/proto/errors";
import { toolEnvironment } from "../../run.ts";

export interface FileLock {
  /** Returns once it is free. */
  release(): Promise<void>;
}

/** Null where somebody holds it: nobody is waited for. Throws tool-missing without flock(1). */
export async function takeLock(file: string, kind: "shared" | "exclusive"): Promise<FileLock | null> {
  const holder = spawn("flock", ["--nonblock", "--no-fork", `--${kind}`, file, "cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: toolEnvironment(),
    cwd: "/",
  });
  holder.stdin.on("error", () => undefined);
  const ended = once(holder, "exit");
  const failed = once(holder, "error").then(([cause]: unknown[]) => {
    throw new ChimeraError("tool-missing", "flock(1), which holds locks, could not be started", { cause });
  });
  // What it answers shows that it has the lock.
  holder.stdin.write("held\n");
  const answered = once(holder.stdout, "data");
  const isHeld = await Promise.race([answered.then(() => true), ended.then(() => false), failed]);
  if (!isHeld) return null;
  return {
    async release() {
      holder.kill("SIGKILL");
      await ended;
    },
  };
}
