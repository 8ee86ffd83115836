/** SHELL. Shows a recording: at a terminal as it went, through the same filter as what is live; in a pipe its bytes, at once. */
import { setTimeout as delay } from "node:timers/promises";
import type { Io } from "../../io.ts";
import { printableLine } from "../../print/printable.ts";
import { rawSink, type Sink } from "../attach/sink.ts";
import { watchKeys } from "../attach/watch-keys.ts";
import { screenSink } from "../screen/screen-sink.ts";
import type { Cast } from "./read-cast.ts";

export interface PlayOptions {
  speed: number;
  /** No pause is longer. */
  idleMs: number;
}

export async function playCast(io: Io, cast: Cast, options: PlayOptions): Promise<void> {
  if (!io.outTty) return play(io, cast, { ...options, sink: rawSink(io), signal: null });
  const leaving = new AbortController();
  const sink = screenSink(printableLine(cast.title).slice(0, 60));
  const keys = io.inTty
    ? watchKeys(
        (word) => (word === "stay" ? undefined : leaving.abort()),
        () => sink.redraw(),
      )
    : null;
  try {
    await play(io, cast, { ...options, sink, signal: AbortSignal.any([io.signal, leaving.signal]) });
  } finally {
    keys?.end();
    await sink.end();
  }
  io.signal.throwIfAborted();
}

interface Playing extends PlayOptions {
  sink: Sink;
  /** Null: nobody watches, and nothing is waited for. */
  signal: AbortSignal | null;
}

async function play(io: Io, { size, steps }: Cast, { sink, signal, speed, idleMs }: Playing): Promise<void> {
  sink.resize(size);
  let atMs = 0;
  for await (const step of steps) {
    if (io.outGone() || signal?.aborted === true) return;
    const waitMs = Math.min(step.atMs - atMs, idleMs) / speed;
    ({ atMs } = step);
    if (signal !== null && waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (step.kind === "output") await sink.show({ kind: "output", bytes: Buffer.from(step.text) });
    else if (step.kind === "resize") sink.resize(step.size);
    else if (step.kind === "marker") sink.say(printableLine(step.text).slice(0, 200));
  }
}
