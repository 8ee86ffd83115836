/** SHELL. A run's log: its last lines, and what comes after them, byte by byte or for a terminal. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createLogFilter } from "../../print/run/log-filter.ts";
import type { Io } from "../../io.ts";
import { writeStdout } from "../../write-stdout.ts";
import { markAtEnd } from "../keep/end-mark.ts";

const blockBytes = 64 * 1024;
const lookMs = 100;

/** Empty where there is no such file. */
export async function lastLines(path: string, count: number, dropped = (): number => 0): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const once = { lines: count, dropped, goesOn: () => false, pause: () => Promise.resolve() };
  for await (const chunk of readFrom(path, once)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface LogReading {
  /** Lines from the end to begin with; infinite for all of them. */
  lines: number;
  /** So many of its first bytes are gone by now. */
  dropped: () => number;
  /** Where some of those that were to be read are. */
  onGap?: (bytes: number) => void;
  /** Whether more may come. */
  goesOn: () => boolean;
  pause: () => Promise<void>;
}

export async function* followLog(
  io: Io,
  path: string,
  { goesOn, ...reading }: Omit<LogReading, "pause">,
): AsyncGenerator<Buffer> {
  yield* readFrom(path, {
    ...reading,
    goesOn: () => goesOn() && !io.outGone(),
    pause: () => io.sleep(lookMs),
  });
}

async function* readFrom(path: string, reading: LogReading): AsyncGenerator<Buffer> {
  const { lines, goesOn, pause } = reading;
  const file = openIfThere(path);
  if (file === undefined) return;
  try {
    const place = { file, at: startOfLines(file, lines, reading.dropped()), held: 0 };
    for (;;) {
      // Asked before the last look, which then sees all that was ever written.
      const mayGrow = goesOn();
      yield* readOn(place, reading, mayGrow);
      if (!mayGrow) return;
      await pause();
    }
  } finally {
    closeSync(file);
  }
}

interface Place {
  file: number;
  at: number;
  /** Of what was read last so many bytes wait for the next look. */
  held: number;
}

function* readOn(place: Place, { dropped, onGap }: LogReading, mayGrow: boolean): Generator<Buffer> {
  for (let chunk = readAt(place.file, place.at); chunk.length > 0; chunk = readAt(place.file, place.at)) {
    // Noted before they are: what was read may be the hole.
    const gone = dropped() - place.at;
    if (gone > 0) {
      onGap?.(gone);
      place.at += gone;
      continue;
    }
    // The keeper's mark is about to be cut off again: what may be one waits for the next look, once.
    place.held = mayGrow && chunk.length !== place.held ? markAtEnd(chunk) : 0;
    const sure = chunk.subarray(0, chunk.length - place.held);
    place.at += sure.length;
    if (sure.length > 0) yield sure;
    if (place.held > 0) return;
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

function readAt(file: number, at: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  return block.subarray(0, readSync(file, block, 0, blockBytes, at));
}

/** Where the last lines begin; a line end at the very end ends the last of them. */
function startOfLines(file: number, lines: number, first: number): number {
  const { size } = fstatSync(file);
  if (lines === Infinity) return 0;
  let left = lines;
  for (let end = size; end > first;) {
    const begin = Math.max(first, end - blockBytes);
    const block = readAt(file, begin).subarray(0, end - begin);
    for (let at = block.length - 1; at >= 0; at -= 1) {
      if (block[at] !== 0x0a || begin + at === size - 1) continue;
      left -= 1;
      if (left === 0) return begin + at + 1;
    }
    end = begin;
  }
  return lines === 0 ? size : first;
}

/** To a terminal without what a terminal would act on. */
export async function writeFiltered(bytes: Buffer): Promise<void> {
  const filter = createLogFilter();
  await writeStdout(filter.take(bytes) + filter.end());
}

/** As they are, or filtered for a terminal; waits while nobody reads. */
export async function writeLog(chunks: AsyncIterable<Buffer>, isFiltered: boolean): Promise<void> {
  const filter = createLogFilter();
  for await (const chunk of chunks) await writeStdout(isFiltered ? filter.take(chunk) : chunk);
  if (isFiltered) await writeStdout(filter.end());
}
