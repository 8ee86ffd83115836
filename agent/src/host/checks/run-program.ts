/**
 * SHELL. Runs a check's program in a process group of its own. `run.ts` waits until all that hold the program's pipes
 * have ended, and ends only the program itself: what a check leaves behind would outlive it, and stop it for ever.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { toolEnvironment } from "../run.ts";

export type ProgramEnd =
  | { kind: "ended"; exitCode: number | null; signal: string | null; lastLine: string }
  | { kind: "not-started"; reason: string };

const keptBytes = 4096;
/** The last of stderr may come a moment after the end. */
const drainMs = 200;

/** Its stdout goes nowhere. When it ends, or with the signal, its whole group is killed. */
export async function runProgram(
  argv: readonly string[],
  options: { signal: AbortSignal; env?: Record<string, string> },
): Promise<ProgramEnd> {
  const { signal } = options;
  const child = signal.aborted ? new Error("it is too late") : start(argv, options.env ?? {});
  if (child instanceof Error) return { kind: "not-started", reason: child.message };
  const tail = keepTail(child);
  const end = () => endGroup(child);
  signal.addEventListener("abort", end, { once: true });
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    const how = await ended(child);
    end();
    await Promise.race([closed, delay(drainMs, undefined, { ref: false })]);
    return { kind: "ended", ...how, lastLine: lastLineOf(tail()) };
  } catch (error) {
    return { kind: "not-started", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    signal.removeEventListener("abort", end);
    child.stderr?.destroy();
  }
}

/** What cannot be handed to the system at all, as a word with a zero byte, is thrown by `spawn` itself. */
function start([file = "", ...args]: readonly string[], env: Record<string, string>): ChildProcess | Error {
  try {
    return spawn(file, args, {
      cwd: "/",
      detached: true,
      env: { ...toolEnvironment(), ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Rejects when it could not be started. */
function ended(child: ChildProcess): Promise<{ exitCode: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/** No mercy: a program that ignores SIGTERM is what a check finds when a system is broken. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

function keepTail({ stderr }: ChildProcess): () => string {
  let tail = Buffer.alloc(0);
  stderr?.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk.subarray(-keptBytes)]).subarray(-keptBytes);
  });
  stderr?.on("error", () => undefined);
  return () => tail.toString("utf8");
}

function lastLineOf(text: string): string {
  const lines = stripVTControlCharacters(text).split(/[\r\n]+/);
  return lines.findLast((line) => line.trim() !== "")?.trim() ?? "";
}
