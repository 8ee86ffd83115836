/**
 * SHELL. Keeps a run's log below its limit while its keeper lives: the disk gets back whole pieces of its begin, the file has a hole there, and
 * positions stay what they were. What is dropped is noted beside it first, so that nobody who reads takes the hole for output.
 */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { firstKept } from "../record/log-limit.ts";
import { files } from "../runs/run-files.ts";
import { writeWhole } from "./write-whole.ts";

export interface LogCutter {
  /** Looks a last time. */
  stop: () => Promise<void>;
}

/** While it grows, and while it does not. */
const paceMs = { busy: 250, quiet: 1_000 } as const;
/** Where the file system cannot do it, as ramfs and NFS before 4.2, it is not asked all the time. */
const againMs = 60_000;
const fallocateMs = 60_000;

interface State {
  folder: string;
  limit: number;
  dropped: number;
  size: number;
  failedMs: number | null;
  timer: NodeJS.Timeout | null;
  isOver: boolean;
  /** The look that is under way. */
  looking: Promise<void>;
}

export function cutLog(folder: string, limit: number | null): LogCutter {
  if (limit === null) return { stop: () => Promise.resolve() };
  const state: State = {
    folder,
    limit,
    dropped: 0,
    size: 0,
    failedMs: null,
    timer: null,
    isOver: false,
    looking: Promise.resolve(),
  };
  lookLater(state, paceMs.busy);
  return {
    async stop() {
      state.isOver = true;
      if (state.timer !== null) clearTimeout(state.timer);
      await state.looking;
      await look(state);
    },
  };
}

function lookLater(state: State, ms: number): void {
  state.timer = setTimeout(() => {
    const before = state.size;
    state.looking = look(state);
    void state.looking.finally(() => {
      if (!state.isOver) lookLater(state, state.size === before ? paceMs.quiet : paceMs.busy);
    });
  }, ms).unref();
}

async function look(state: State): Promise<void> {
  const { folder, limit, dropped, failedMs } = state;
  state.size = statSync(join(folder, files.output), { throwIfNoEntry: false })?.size ?? 0;
  const to = firstKept(state.size, limit);
  if (to <= dropped || (failedMs !== null && performance.now() < failedMs + againMs)) return;
  note(folder, { dropped: to, trouble: null });
  const trouble = await punch(join(folder, files.output), { from: dropped, to });
  if (trouble === null) [state.dropped, state.failedMs] = [to, null];
  else {
    note(folder, { dropped, trouble });
    state.failedMs = performance.now();
  }
}

/** A disk that refuses even that, as a full one may, is no reason to end what runs. */
function note(folder: string, cut: { dropped: number; trouble: string | null }): void {
  try {
    writeWhole(join(folder, files.cut), `${JSON.stringify({ v: 1, ...cut })}\n`);
  } catch (error) {
    process.stderr.write(`chimera: ${String(error)}\n`);
  }
}

/** Null where it was done, else why not. */
function punch(file: string, { from, to }: { from: number; to: number }): Promise<string | null> {
  const words = ["--punch-hole", "--offset", `${from}`, "--length", `${to - from}`, file];
  return new Promise((resolve) => {
    execFile("fallocate", words, { timeout: fallocateMs }, (error, _, stderr) => {
      if (error === null) resolve(null);
      else if ("code" in error && error.code === "ENOENT") resolve("there is no `fallocate` on PATH");
      else resolve((stderr.trim() || error.message).slice(0, 300));
    });
  });
}
