/**
 * SHELL. A session with a terminal, at somebody's terminal of whatever size: what is to be seen there is drawn here, cell by cell, so that nothing
 * that its programs write reaches this terminal itself. The last row says what is shown, and what is wrong.
 */
import { createLogFilter } from "../../print/run/log-filter.ts";
import { printableLine } from "../../print/printable.ts";
import { missingText } from "../../print/sessions/session-words.ts";
import { writeStdout } from "../../write-stdout.ts";
import type { Shown, Sink } from "../attach/sink.ts";
import { createEmulator, type Emulator } from "./emulator.ts";
import { rowText } from "./row-text.ts";
import { viewPort, type ViewPort } from "./view-port.ts";

const esc = "\u001b";
/** What follows each other so fast is drawn as one. */
const drawEveryMs = 33;
const unknownSize = { columns: 80, rows: 24 };

interface State {
  name: string;
  emulator: Emulator;
  /** Whether there was a picture of it: before that there is nothing to draw. */
  isPictured: boolean;
  /** What this terminal shows, row by row. */
  drawn: string[];
  message: string;
  isOpen: boolean;
  isDrawing: boolean;
  drawnMs: number;
  timer: NodeJS.Timeout | null;
}

export function screenSink(name: string): Sink {
  const state: State = {
    name,
    emulator: createEmulator(unknownSize),
    isPictured: false,
    drawn: [],
    message: "",
    isOpen: false,
    isDrawing: false,
    drawnMs: 0,
    timer: null,
  };
  const onResize = (): void => redraw(state);
  process.stdout.on("resize", onResize);
  return {
    async show(one) {
      await take(state, one);
      drawSoon(state);
    },
    say(text) {
      state.message = printableLine(text);
      drawSoon(state);
    },
    resize(size) {
      state.emulator.resize(size);
      drawSoon(state);
    },
    redraw: () => redraw(state),
    async end() {
      process.stdout.off("resize", onResize);
      if (state.timer !== null) clearTimeout(state.timer);
      await writeStdout(closing(state));
    },
  };
}

async function take(state: State, one: Shown): Promise<void> {
  if (one.kind === "gap") {
    state.message = missingText(one.bytes);
    return;
  }
  if (one.kind === "output") return state.emulator.write(one.bytes);
  if (!state.isOpen) await showHistory(one.history);
  state.emulator.resize(one.size);
  state.emulator.clear();
  await state.emulator.write(one.screen);
  state.isPictured = true;
}

/** What had scrolled away there scrolls away here. */
async function showHistory(history: Uint8Array): Promise<void> {
  const filter = createLogFilter();
  await writeStdout(filter.take(history) + filter.end());
}

function redraw(state: State): void {
  state.drawn = [];
  drawSoon(state);
}

/** What comes after a silence is drawn at once: whoever types, or comes to look, waits for it. */
function drawSoon(state: State): void {
  const { isOpen, isDrawing, isPictured, drawnMs } = state;
  const isFirst = isPictured && !isOpen;
  if (isFirst && !isDrawing && state.timer !== null) {
    clearTimeout(state.timer);
    state.timer = null;
  }
  const waitMs =
    isFirst || (isOpen && !isDrawing) ? Math.max(0, drawnMs + drawEveryMs - performance.now()) : drawEveryMs;
  state.timer ??= setTimeout(() => {
    state.timer = null;
    // A terminal that is slow is drawn less often.
    if (state.isDrawing) return drawSoon(state);
    [state.isDrawing, state.drawnMs] = [true, performance.now()];
    void draw(state).finally(() => (state.isDrawing = false));
  }, waitMs);
}

async function draw(state: State): Promise<void> {
  const { emulator, drawn } = state;
  const { columns, rows } = process.stdout;
  const cursor = emulator.cursor();
  const port = viewPort(emulator.size(), { columns, rows }, cursor);
  const wanted = Array.from({ length: rows - 1 }, (_, y) =>
    y < port.rows ? rowText(emulator.row(port.top + y), port).trimEnd() : "",
  );
  wanted.push(statusRow(state, port, columns));
  const changed = wanted.flatMap((text, y) =>
    text === drawn[y] ? [] : [`${esc}[${y + 1};1H${esc}[0m${text}${esc}[K`],
  );
  const opening = state.isOpen ? "" : `${esc}[?1049h${esc}[?7l`;
  const clearing = drawn.length === 0 ? `${esc}[0m${esc}[2J` : "";
  [state.isOpen, state.drawn] = [true, wanted];
  const place = `${esc}[${cursor.y - port.top + 1};${cursor.x - port.left + 1}H${esc}[?25${cursor.isShown ? "h" : "l"}`;
  await writeStdout(`${opening}${esc}[?2026h${clearing}${changed.join("")}${place}${esc}[?2026l`);
}

function statusRow({ name, emulator, message }: State, { isPart }: ViewPort, columns: number): string {
  const { columns: width, rows: height } = emulator.size();
  const size = isPart ? `${width}x${height}, of which this is a part` : `${width}x${height}`;
  const text = ` ${name}  ${size}  Ctrl-B d leaves  ${message}`;
  return `${esc}[7m${text.slice(0, columns).padEnd(columns)}${esc}[0m`;
}

/** What was seen last stays, as if it had been run here. */
function closing({ emulator, isOpen }: State): string {
  const { columns } = emulator.size();
  const lines = emulator.lines().map((line) => rowText(line, { left: 0, columns }).trimEnd());
  const last = lines.findLastIndex((line) => line !== "");
  const text = lines.slice(0, last + 1).map((line) => `${line}\r\n`);
  const back = isOpen ? `${esc}[0m${esc}[?7h${esc}[?25h${esc}[?1049l` : "";
  return `${back}${text.join("")}`;
}
