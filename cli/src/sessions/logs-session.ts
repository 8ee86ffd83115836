/** SHELL. What a session of a node wrote: all that is there of it, or its last lines, and what comes after them. */
import { ChimeraError } from "@chimera/proto/errors";
import { StreamId, type SessionFacts } from "@chimera/proto/sessions/session";
import type { Io } from "../io.ts";
import { printableLine } from "../print/printable.ts";
import { screenLines } from "../print/sessions/screen-lines.ts";
import { showKept } from "./attach/kept.ts";
import { logSink, rawSink, type Shown, type Sink } from "./attach/sink.ts";
import type { FoundSession } from "./find-session.ts";
import { createLastLines } from "./last-lines.ts";
import type { SessionRoad } from "./roads/session-road.ts";
import type { Seen } from "./view-stream.ts";
import { watchSession } from "./watch-session.ts";
import type { Watched } from "./watched.ts";

export interface LogsOptions {
  road: SessionRoad;
  found: FoundSession;
  /** Goes on until it ends. */
  isFollowed: boolean;
  /** From the end; infinite for all. */
  lines: number;
  isRaw: boolean;
}

/** Throws contact-lost where its node does not answer, after what that left behind. */
export async function logsSession(io: Io, options: LogsOptions): Promise<void> {
  const sink = options.isRaw || !io.outTty ? rawSink(io) : logSink(io);
  try {
    const past = await showPast(io, options, sink);
    if (options.isFollowed && !past.isOver) await showRest(io, options, { sink, from: past.seen });
  } finally {
    await sink.end();
  }
}

interface Past {
  seen: Seen | null;
  /** Nothing more will come. */
  isOver: boolean;
}

/** All of it is shown as it comes; which lines are the last shows only at its end. */
async function showPast(io: Io, options: LogsOptions, sink: Sink): Promise<Past> {
  if (options.lines === Number.POSITIVE_INFINITY) {
    const show = (one: Shown): Promise<void> => sink.show(asLines(one));
    return readPast(io, { ...options, sink, show }, startOf(options.found, options.lines));
  }
  for (let { lines } = options; ; lines = Number.POSITIVE_INFINITY) {
    const last = createLastLines(options.lines);
    const show = async (one: Shown): Promise<void> => {
      if (one.kind !== "gap") last.take(bytesOf(one));
    };
    const from = startOf(options.found, lines);
    const past = await readPast(io, { ...options, sink, show }, from).catch(async (error: unknown) => {
      // What came of it before the node was silent is better than nothing.
      await sink.show({ kind: "output", bytes: last.bytes() });
      throw error;
    });
    const bytes = last.bytes();
    // Its lines are longer than they usually are.
    if (!last.isCut() && from !== null && from.to > 0) continue;
    await sink.show({ kind: "output", bytes });
    return past;
  }
}

const usualLine = 256;
const least = 64 * 1024;

function startOf({ facts }: FoundSession, lines: number): Seen | null {
  if (facts?.output !== "log") return null;
  return {
    stream: StreamId.parse(facts.run),
    to: Math.max(0, facts.bytes - Math.max(least, lines * usualLine)),
  };
}

function bytesOf(one: Exclude<Shown, { kind: "gap" }>): Uint8Array {
  return one.kind === "output" ? one.bytes : Buffer.concat([one.history, screenLines(one.screen)]);
}

function asLines(one: Shown): Shown {
  return one.kind === "screen" ? { kind: "output", bytes: bytesOf(one) } : one;
}

interface Reading extends LogsOptions {
  sink: Sink;
  show: (one: Shown) => Promise<void>;
}

/** Whoever reads what is there already does not wait for a node for hours. */
const giveUpMs = { answered: 60_000, silent: 30_000 };

/** Up to what was there when its node was asked. */
async function readPast(io: Io, reading: Reading, from: Seen | null): Promise<Past> {
  const { road, found: at, show } = reading;
  let facts: SessionFacts | null = null;
  let [seen, isNew] = [from, true];
  for await (const one of watchSession({ road, at, from, giveUpMs, signal: io.signal })) {
    if (isEnd(io, one)) return { seen, isOver: true };
    // What was kept is in place of all of it: after a part of it the rest is waited for.
    if (one.kind === "away" && isNew) return leaveKept(reading, one.why);
    if (one.kind === "facts") facts ??= one.facts;
    else if (isOutput(one)) {
      await show(one);
      [seen, isNew] = [one.seen, false];
    } else sayLine(reading.sink, one);
    if (facts !== null && isReached(one, facts, seen)) return { seen, isOver: facts.state !== "running" };
  }
  io.signal.throwIfAborted();
  return { seen, isOver: true };
}

function isEnd(io: Io, one: Watched): boolean {
  return one.kind === "over" || io.outGone();
}

function isOutput(one: Watched): one is Extract<Watched, { kind: "output" | "screen" | "gap" }> {
  return one.kind === "output" || one.kind === "screen" || one.kind === "gap";
}

/** A log by its length; of a terminal there is a picture, and nothing before it. */
function isReached(one: Watched, { output, run, bytes }: SessionFacts, seen: Seen | null): boolean {
  if (output === "log" && (seen === null || seen.stream === run)) return (seen?.to ?? 0) >= bytes;
  return one.kind === "screen";
}

async function leaveKept(reading: Reading, why: string): Promise<never> {
  const { found, road, sink, show } = reading;
  await showKept({ found, road, sink, show, waits: false }, why);
  throw new ChimeraError("contact-lost", `${found.node}/${found.session}: its node does not answer`);
}

async function showRest(
  io: Io,
  { road, found: at }: LogsOptions,
  { sink, from }: { sink: Sink; from: Seen | null },
): Promise<void> {
  for await (const one of watchSession({ road, at, from, signal: io.signal })) {
    if (isEnd(io, one)) return;
    if (isOutput(one)) await sink.show(one);
    else sayLine(sink, one);
  }
  io.signal.throwIfAborted();
}

function sayLine(sink: Sink, one: Watched): void {
  if (one.kind === "away") sink.say(`${printableLine(one.why)}; trying again`);
  else if (one.kind === "back") sink.say("it answers again");
}
