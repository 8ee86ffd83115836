/** SHELL. What a run writes to its pane, kept in a file byte by byte, and at its end the pane's last screen as text. */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { writeFileSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { callTmux, type TmuxResult } from "../tmux/tmux-command.ts";
import { endMark } from "./end-mark.ts";
import type { Handover } from "./handover.ts";

export interface PaneLog {
  /** Of the log file, for reading too. */
  file: number;
  isKept: boolean;
  pane: string;
  tmux: NonNullable<Handover["tmux"]>;
}

/** tmux runs its log writer through a shell: what that is told holds numbers of ours and nothing that anybody chose. */
export async function beginPaneLog(path: string, tmux: PaneLog["tmux"]): Promise<PaneLog> {
  const file = openSync(path, "a+", 0o600);
  const pane = process.env["TMUX_PANE"] ?? "";
  const writer = `exec cat >>/proc/${process.pid}/fd/${file}`;
  const { code } = await call(tmux, ["pipe-pane", "-O", "-t", pane, writer]);
  return { file, isKept: code === 0, pane, tmux };
}

async function call({ program, socket }: PaneLog["tmux"], args: readonly string[]): Promise<TmuxResult> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" };
  return callTmux(program, ["-N", "-S", socket, ...args], env);
}

const quietMs = 1000;
const lookMs = 2;

/**
 * tmux drops what it has not yet given to the log when a pane goes. So a mark is written last and awaited in the log; then tmux
 * has read all that came before it, and its screen is the last one.
 */
export async function finishPane({ file, isKept, pane, tmux }: PaneLog, screen: string): Promise<void> {
  const mark = Buffer.from(endMark(randomBytes(12).toString("hex")));
  if (isKept && (await writeToTerminal(mark))) {
    const size = await awaitMark(file, mark);
    if (size !== undefined) ftruncateSync(file, size);
    const { code, stdout } = await call(tmux, ["capture-pane", "-e", "-J", "-p", "-S", "-", "-t", pane]);
    if (code === 0) writeFileSync(screen, `${stdout.trimEnd()}\n`, { mode: 0o600 });
  }
  closeSync(file);
}

/** False when the terminal is gone with tmux, or stands still since somebody stopped it: nobody waits for Ctrl-Q here. */
async function writeToTerminal(bytes: Buffer): Promise<boolean> {
  const terminal = openTerminal();
  if (terminal === undefined) return false;
  let left = bytes;
  for (const begunMs = Date.now(); Date.now() - begunMs < quietMs; await delay(lookMs)) {
    const written = writeSome(terminal, left);
    if (written === undefined) break;
    left = left.subarray(written);
    if (left.length === 0) break;
  }
  closeSync(terminal);
  return left.length === 0;
}

function openTerminal(): number | undefined {
  try {
    return openSync("/dev/tty", constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** 0 while tmux has not read enough of what came before; undefined when nobody reads any more. */
function writeSome(terminal: number, bytes: Buffer): number | undefined {
  try {
    return writeSync(terminal, bytes);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN" ? 0 : undefined;
  }
}

/** How much of the log comes before the mark; undefined when the log stands still without it. */
async function awaitMark(file: number, mark: Buffer): Promise<number | undefined> {
  let seen = -1;
  for (let quietSince = Date.now(); Date.now() - quietSince < quietMs; await delay(lookMs)) {
    const { size } = fstatSync(file);
    if (size !== seen) quietSince = Date.now();
    seen = size;
    if (endsWith(file, size, mark)) return size - mark.length;
  }
  return undefined;
}

function endsWith(file: number, size: number, mark: Buffer): boolean {
  if (size < mark.length) return false;
  const end = Buffer.alloc(mark.length);
  readSync(file, end, 0, end.length, size - end.length);
  return end.equals(mark);
}
