/**
 * SHELL. Terminals for sessions, in the sentinel's tmux server: a pane each, held open by a program that does nothing, so that what runs in it may
 * be a unit of its own. Made many at once, by one call of tmux.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import {
  StreamId,
  type SessionName,
  type SessionRun,
  type TerminalSize,
} from "@chimera/proto/sessions/session";
import type { OutputSource } from "../../sessions/output-source.ts";
import type { Terminal } from "../../sessions/session-record.ts";
import { attempt } from "../errno-outcome.ts";
import { run } from "../run.ts";
import { clientsGone, inTurn } from "./tmux-turn.ts";

export interface Pane extends Terminal {
  tty: string;
}

const toolMs = 30_000;
/** So many to a line, which has at most 16 KiB: a program for each would cost more than what runs in it. */
const atOnce = 32;

/** Whatever the sentinel's configuration was when its server began. */
const safeOptions: readonly (readonly string[])[] = [
  ["set-option", "-s", "set-clipboard", "off"],
  ["set-option", "-gwq", "allow-passthrough", "off"],
  ["set-option", "-gw", "allow-rename", "off"],
  ["set-option", "-gw", "automatic-rename", "off"],
  ["set-option", "-gwq", "allow-set-title", "off"],
  ["set-option", "-g", "set-titles", "off"],
];
const serverFormat = "#{pid}:#{start_time}";
const paneFormat = `${serverFormat} #{session_id} #{pane_id} #{pane_tty}`;
/** Does nothing, for as long as its pane is wanted. */
const holder = ["sleep", "infinity"];
const holderFormat = "holder #{pid} #{pane_pid}";
/** What the sentinel's configuration says, for the panes that others make. */
const usualHistory = 2000;

/** Lines of scrollback: what all of them may fill stays within some hundred megabytes of tmux' memory. */
export function historyLimit(terminals: number): number {
  if (terminals <= 32) return usualHistory;
  return terminals <= 128 ? 500 : 200;
}

export function tmuxSocket(runtimeDir: string): string {
  return join(runtimeDir, "tmux.sock");
}

interface WantedPane {
  name: SessionName;
  size: TerminalSize;
}

/** In their order; null for those that tmux refused. Throws tool-failed where it makes none at all. */
export async function openPanes(
  socket: string,
  wanted: readonly WantedPane[],
  history: number,
): Promise<(Pane | null)[]> {
  const panes: (Pane | null)[] = [];
  let said = "";
  for (let from = 0; from < wanted.length; from += atOnce) {
    const batch = await openBatch(socket, wanted.slice(from, from + atOnce), history);
    panes.push(...batch.panes);
    said = batch.said || said;
  }
  if (panes.some((pane) => pane !== null)) return panes;
  throw new ChimeraError("tool-failed", `tmux opened no terminal: ${said}`);
}

/** From the first one on that tmux refuses, it makes none. */
async function openBatch(
  socket: string,
  wanted: readonly WantedPane[],
  history: number,
): Promise<{ panes: (Pane | null)[]; said: string }> {
  const backToUsual = ["set-option", "-g", "history-limit", `${usualHistory}`];
  const commands = [
    ...safeOptions,
    ["set-option", "-g", "history-limit", `${history}`],
    ...wanted.map(({ name, size }) => newSession(name, size)),
    backToUsual,
  ];
  const words = ["-N", "-S", socket, ...joined(commands)];
  const { stdout, stderr, exitCode } = await inTurn(socket, () => run("tmux", words, { timeoutMs: toolMs }));
  if (exitCode !== 0) await run("tmux", ["-N", "-S", socket, ...backToUsual], { timeoutMs: toolMs });
  const panes = stdout.split("\n").flatMap((line) => readPane(line) ?? []);
  return { panes: wanted.map((_, index) => panes[index] ?? null), said: stderr.trim().slice(0, 300) };
}

function newSession(name: SessionName, { columns, rows }: TerminalSize): string[] {
  const size = ["-x", `${columns}`, "-y", `${rows}`];
  return ["new-session", "-d", "-P", "-F", paneFormat, "-s", name, "-n", "session", ...size, ...holder];
}

function readPane(line: string): Pane | null {
  const [, server, session, pane, tty] = /^(\d+:\d+) (\$\d+) (%\d+) (\/dev\/[\w/]+)$/.exec(line.trim()) ?? [];
  if (server === undefined || session === undefined || pane === undefined || tty === undefined) return null;
  return { server, session, pane, tty };
}

/** Which of these are there: with their server they are all lost, and somebody may have ended one of them. */
export async function knownTerminals(socket: string): Promise<(terminal: Terminal) => boolean> {
  const format = `${serverFormat} #{session_id} #{pane_id}`;
  const { exitCode, stdout } = await run("tmux", ["-N", "-S", socket, "list-panes", "-a", "-F", format], {
    timeoutMs: toolMs,
  });
  const known = new Set(exitCode === 0 ? stdout.trim().split("\n") : []);
  return ({ server, session, pane }) => known.has(`${server} ${session} ${pane}`);
}

/** Those that are not there any more are no trouble. */
export async function closePanes(socket: string, sessions: readonly string[]): Promise<void> {
  for (let from = 0; from < sessions.length; from += atOnce) {
    const batch = sessions.slice(from, from + atOnce);
    const kills = batch.flatMap((session) => [
      ["display-message", "-p", "-t", `${session}:`, holderFormat],
      ["kill-session", "-t", session],
    ]);
    const words = ["-N", "-S", socket, ...joined(kills)];
    const { exitCode } = await inTurn(socket, async () => {
      const ended = await run("tmux", words, { timeoutMs: toolMs });
      for (const line of ended.stdout.split("\n")) endHolder(line);
      if (ended.exitCode === 0 || batch.length === 1) await clientsGone(socket, batch);
      return ended;
    });
    // The first that is not there ends the line.
    if (exitCode !== 0 && batch.length > 1) for (const session of batch) await closePanes(socket, [session]);
  }
}

/**
 * With its pane's terminal goes what it controls, and the unit has taken that from the holder: it would stay, and its terminal with it,
 * of which the kernel has a few thousand.
 */
function endHolder(line: string): void {
  const [, server = "", pid = ""] = /^holder (\d+) (\d+)$/.exec(line) ?? [];
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // Its parent is there still, so that nobody else has its number.
  if (
    stat.kind === "done" &&
    stat.value.startsWith(`${pid} (${holder[0]}) `) &&
    isChildOf(stat.value, server)
  )
    attempt(() => process.kill(Number(pid), "SIGKILL"));
}

function isChildOf(stat: string, parent: string): boolean {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === parent;
}

function joined(commands: readonly (readonly string[])[]): string[] {
  return commands.flatMap((command, index) => (index === 0 ? command : [";", ...command]));
}

/** What a terminal showed at its end. Throws file-unreadable. */
export function openLastPicture(
  file: string,
  { run: stream, history, size }: { run: SessionRun; history: number; size: TerminalSize },
): OutputSource {
  const read = attempt(() => readFileSync(file));
  if (read.kind === "failed") throw new ChimeraError("file-unreadable", `${file}: ${read.errno}`);
  const bytes = read.value;
  return {
    stream: StreamId.parse(stream),
    // For whoever keeps it: what it had written is gone, and this is what is left.
    held: () => ({ from: 0, to: bytes.length }),
    read: (from, most) => bytes.subarray(from, from + most),
    isCounted: () => false,
    lost: () => null,
    picture: () =>
      Promise.resolve({
        history: bytes.subarray(0, history),
        screen: bytes.subarray(history),
        at: bytes.length,
        size,
      }),
    close: () => undefined,
  };
}
