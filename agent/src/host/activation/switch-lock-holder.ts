/**
 * SHELL. Holds the lock of switch-to-configuration while a system proves itself: nobody may switch it meanwhile. Node has
 * no flock(2), so flock(1) holds it for a `cat` on a pipe of ours: with this process the pipe ends, and so the lock.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { toolEnvironment } from "../run.ts";
import { switchLockFile } from "./switch-lock.ts";

export interface SwitchLockHolder {
  /** Tries to take it where it is not held; never waits for whoever holds it. */
  hold: () => void;
  /** Returns once it is free. */
  release: () => Promise<void>;
  isHeld: () => boolean;
}

export function createSwitchLockHolder(lockFile = switchLockFile): SwitchLockHolder {
  let child: ChildProcess | null = null;
  let held = false;
  return {
    isHeld: () => held,
    hold() {
      if (child !== null) return;
      mkdirSync(dirname(lockFile), { recursive: true });
      const started = startHolder(lockFile);
      child = started;
      started.stdout?.once("data", () => (held = child === started));
      const forget = () => {
        if (child === started) [child, held] = [null, false];
      };
      started.once("error", forget);
      started.once("exit", forget);
    },
    async release() {
      const running = child;
      [child, held] = [null, false];
      if (running !== null) await endOf(running);
    },
  };
}

/** What it answers shows that it has the lock. */
function startHolder(lockFile: string): ChildProcess {
  const started = spawn("flock", ["--nonblock", "--no-fork", lockFile, "cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: toolEnvironment(),
    cwd: "/",
  });
  // Whoever had the lock already has made flock end: the pipe is closed then.
  started.stdin?.on("error", () => undefined);
  started.stdin?.write("held\n");
  return started;
}

function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  child.kill("SIGKILL");
  return ended;
}
