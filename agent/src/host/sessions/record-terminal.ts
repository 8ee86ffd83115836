/**
 * SHELL. Writes down what the terminal of one session shows, by a control client of its own: whether anybody watches makes no difference, and a
 * viewer who reads slowly takes nothing away from it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import { TerminalSize } from "@chimera/proto/sessions/session";
import { createRecording, type Recorded, type Recording } from "../../sessions/recording.ts";
import { createCastFile, type CastFile } from "./cast-file.ts";
import { openControlClient, type ControlClient } from "./control-client.ts";
import { drawPane } from "./draw-pane.ts";
import { paneOf } from "./open-typist.ts";

export interface TerminalToRecord {
  socket: string;
  /** tmux's own id. */
  session: string;
  /** Of the session. */
  folder: string;
  title: string;
  mostBytes: number;
  /** Of earlier recordings. */
  usedBytes: number;
  nowMs: () => number;
  /** So much more is on the disk. */
  onBytes: (bytes: number) => void;
  /** Once; `refusal`: the disk took no more. */
  onOver: (refusal: ChimeraError | null) => void;
}

export type Told = Extract<Recorded, { kind: "given" | "typed" | "over" }>;

export interface Recorder {
  take: (one: Told) => void;
  /** When all that was to be seen until now is written, or nobody wants to wait any longer. */
  end: (reason: string) => Promise<void>;
  /** At once. */
  stop: (reason: string) => void;
  isOver: () => boolean;
}

interface State {
  options: TerminalToRecord;
  file: CastFile;
  recording: Recording;
  /** The first picture was had. */
  hasBegun: boolean;
  /** What is heard meanwhile is in the picture. */
  isDrawing: boolean;
  drawn: Promise<void>;
  /** Until it is told how much was typed. */
  counting: NodeJS.Timeout | null;
  isOver: boolean;
  /** Null until tmux has let it in. */
  client: ControlClient | null;
}

/** Whoever types says nothing by when: so seldom is it told how much. */
const countMs = 10_000;
/** For what the terminal still has, at the end. */
const settleMs = 2_000;

/** Resolves when what is to be seen is written. Throws tool-failed, and file-unreadable where the disk refuses. */
export async function recordTerminal(options: TerminalToRecord): Promise<Recorder> {
  const { folder, title, mostBytes, usedBytes, nowMs } = options;
  const file = createCastFile(folder);
  const state: State = {
    options,
    file,
    recording: createRecording({ title, beginMs: nowMs(), mostBytes, usedBytes }),
    hasBegun: false,
    isDrawing: true,
    drawn: Promise.resolve(),
    counting: null,
    isOver: false,
    client: null,
  };
  try {
    const client = await openClient(state);
    state.client = client;
    await draw(state, client, await paneOf(client));
  } catch (error) {
    if (!state.isOver) close(state);
    throw error;
  }
  return {
    take: (one) => tell(state, one),
    end: (reason) => end(state, reason),
    stop: (reason) => stop(state, reason),
    isOver: () => state.isOver,
  };
}

function openClient(state: State): Promise<ControlClient> {
  const { socket, session } = state.options;
  return openControlClient({
    socket,
    session,
    onOutput(_, bytes) {
      if (!state.isDrawing) write(state, { kind: "output", bytes });
    },
    onPaused(pane) {
      const { client } = state;
      if (client === null || state.isDrawing) return;
      state.drawn = drawAnew(state, client, pane);
    },
    onNotice(name, words) {
      const size = name === "layout-change" ? sizeOf(words) : null;
      if (size !== null && !state.isDrawing) write(state, { kind: "size", size });
    },
    onEnd: (reason) => stop(state, reason),
  });
}

/** `@0 bd2d,111x33,0,0,0 …`: the window, which is this one pane. */
function sizeOf(words: string): TerminalSize | null {
  const [, columns, rows] = /^@\d+ [0-9a-f]{4},(\d{1,4})x(\d{1,4}),/.exec(words) ?? [];
  return TerminalSize.safeParse({ columns: Number(columns), rows: Number(rows) }).data ?? null;
}

async function draw(state: State, client: ControlClient, pane: string): Promise<void> {
  state.isDrawing = true;
  await drawPane(client, pane, (picture) => {
    [state.hasBegun, state.isDrawing] = [true, false];
    write(state, { kind: "picture", ...picture });
  });
}

/** tmux has dropped what this did not hear in time. */
async function drawAnew(state: State, client: ControlClient, pane: string): Promise<void> {
  try {
    state.isDrawing = true;
    await client.ask(["refresh-client", "-A", `${pane}:continue`]);
    await draw(state, client, pane);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    stop(state, error.message);
  }
}

function tell(state: State, one: Told): void {
  write(state, one);
  if (one.kind !== "typed" || state.isOver) return;
  state.counting ??= setTimeout(() => {
    state.counting = null;
    write(state, { kind: "count" });
  }, countMs).unref();
}

async function end(state: State, reason: string): Promise<void> {
  const { client } = state;
  if (client === null || state.isOver) return;
  const settled = state.drawn.then(() => paneOf(client)).catch(() => undefined);
  await Promise.race([settled, delay(settleMs, undefined, { ref: false })]);
  stop(state, reason);
}

function stop(state: State, reason: string): void {
  if (state.hasBegun) write(state, { kind: "end", reason });
}

function write(state: State, one: Recorded): void {
  if (state.isOver) return;
  const text = state.recording.take(one, state.options.nowMs());
  const errno = text === "" ? null : state.file.append(text);
  if (errno !== null) return refuse(state, errno);
  state.options.onBytes(Buffer.byteLength(text));
  if (!state.recording.isOver()) return;
  close(state);
  state.options.onOver(null);
}

/** A word about it may still fit. */
function refuse(state: State, errno: string): void {
  const { file, options, recording } = state;
  const reason = `the disk refuses (${errno})`;
  const text = recording.take({ kind: "end", reason }, options.nowMs());
  if (text !== "" && file.append(text) === null) options.onBytes(Buffer.byteLength(text));
  close(state);
  options.onOver(new ChimeraError("file-unreadable", `write ${file.path}: ${errno}`));
}

function close(state: State): void {
  state.isOver = true;
  if (state.counting !== null) clearTimeout(state.counting);
  state.file.close();
  state.client?.close();
}
