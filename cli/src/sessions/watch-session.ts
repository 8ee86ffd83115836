/**
 * SHELL. One session, watched for as long as it lasts: output in one piece over whatever lines break meanwhile. A node that is silent is told from a
 * session that is, since a node answers whoever asks.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorCodes, isErrorCode } from "@chimera/proto/errors";
import { decodeFrame } from "@chimera/proto/sessions/session-frame";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { askEveryBytes } from "@chimera/proto/sessions/view-ask";
import type { ViewLine } from "./roads/session-road.ts";
import { createViewStream, type ViewStream } from "./view-stream.ts";
import { isGivenUp, isSettled, noteForEnd } from "./watch-end.ts";
import { begin, patienceMs, type Item, type State, type WatchOptions } from "./watch-state.ts";
import { sizeOf, type Watched } from "./watched.ts";

/** More often than a node demands: it answers each. */
const askMs = 2_500;
const retryMs = 500;
/** However often a line breaks, or a node makes it. */
const renewEveryMs = 200;
/** A picture, and what a node may send unasked for, many times over. */
const mostQueuedBytes = 32 << 20;
/** What is sent comes within that time, or was lost. */
const stuckMs = 2_000;
/** Of one that has ended, whose last picture is waited for. */
const askEndedMs = 1_000;

/** Ends by `over`. Throws what the node refuses, with its code. */
export async function* watchSession(options: WatchOptions): AsyncGenerator<Watched> {
  const state = begin(options);
  try {
    while (!options.signal.aborted) {
      yield* drain(state);
      if (state.over !== null && isSettled(state, state.over)) {
        yield { kind: "over", facts: state.over };
        return;
      }
      if (isGivenUp(state) && state.over !== null) {
        yield { kind: "gap", bytes: null, seen: state.shown };
        yield { kind: "over", facts: state.over };
        return;
      }
      yield* tend(state);
      if (state.queue.length === 0) await sleep(state);
    }
  } finally {
    state.line?.close();
  }
}

/** What is shown is asked for: a slow terminal slows down the node, and nothing piles up between them. */
async function* drain(state: State): AsyncGenerator<Watched> {
  if (state.awayMs !== null && state.queue.length > 0) {
    [state.awayMs, state.movedMs] = [null, performance.now()];
    yield { kind: "back" };
  }
  for (let item = state.queue.shift(); item !== undefined; item = state.queue.shift()) {
    state.queuedBytes -= sizeOf(item.viewed);
    const one = watchedOf(state, item);
    noteForEnd(state, item.viewed);
    if (one !== null) yield one;
    state.shown = item.seen;
    if ((item.seen?.to ?? 0) - state.asked.to >= askEveryBytes) ask(state);
  }
}

function watchedOf(state: State, { viewed, seen }: Item): Watched | null {
  switch (viewed.kind) {
    case "again":
      state.isBroken = true;
      return null;
    case "refused":
      return refuse(viewed);
    case "facts":
      noteFacts(state, viewed.facts);
      return viewed;
    case "output":
    case "screen":
    case "gap":
      return { ...viewed, seen };
  }
}

function refuse({ code, message }: { code: string; message: string }): never {
  throw new ChimeraError(isErrorCode(code) ? code : "tool-failed", message);
}

function noteFacts(state: State, facts: SessionFacts): void {
  state.over = facts.state === "running" ? null : facts;
  noteSize(state, facts);
  const seen = state.view.seen();
  const hasMore = facts.output === "log" && seen?.stream === facts.run && seen.to < facts.bytes;
  if (!hasMore || state.asked.to !== seen.to) state.stuck = null;
  else if (state.stuck?.at !== seen.to) state.stuck = { at: seen.to, sinceMs: performance.now() };
  // What the node has sent, and nobody got, is not sent again over that line.
  else if (performance.now() - state.stuck.sinceMs > stuckMs) state.isBroken = true;
}

/** What was written meanwhile was meant for the other size: only a new picture is right. */
function noteSize(state: State, { output, size }: SessionFacts): void {
  const before = state.size;
  state.size = size;
  if (output === "log" || before === null) return;
  if (before.columns === size.columns && before.rows === size.rows) return;
  state.view = createViewStream();
  state.isBroken = true;
}

/** A line that is due, an ask that is due, a node that is silent. */
async function* tend(state: State): AsyncGenerator<Watched> {
  const nowMs = performance.now();
  if (state.line !== null && nowMs - state.heardMs > state.patienceMs) {
    state.patienceMs = Math.min(2 * state.patienceMs, patienceMs.most);
    state.isBroken = true;
    yield* away(state, `${state.at.node} does not answer`);
  }
  if (state.isBroken) yield* renew(state);
  else if (nowMs - state.asked.ms >= (state.over?.output === "terminal" ? askEndedMs : askMs)) ask(state);
}

async function* away(state: State, why: string): AsyncGenerator<Watched> {
  if (state.awayMs !== null) return;
  state.awayMs = performance.now();
  yield { kind: "away", why };
}

/** Under another name: what is still under way to the old one would come twice. */
async function* renew(state: State): AsyncGenerator<Watched> {
  state.line?.close();
  setLine(state, null);
  [state.stuck, state.quiet] = [null, null];
  state.view = createViewStream(state.view.seen());
  const { view } = state;
  state.isBroken = false;
  await pause(state, state.renewedMs + renewEveryMs - performance.now());
  state.renewedMs = performance.now();
  try {
    const line = await state.road.view(state.at, {
      frame: (message) => take(state, view, message),
      broken: () => {
        state.isBroken ||= state.view === view;
        state.wake();
      },
    });
    setLine(state, line);
    state.heardMs = performance.now();
    ask(state, view.seen());
  } catch (error) {
    if (!(error instanceof ChimeraError) || errorCodes[error.code].retry !== "backoff") throw error;
    state.isBroken = true;
    yield* away(state, error.message);
    await pause(state, retryMs);
  }
}

function setLine(state: State, line: ViewLine | null): void {
  state.line = line;
  state.onLine?.(line);
}

async function pause({ signal }: State, ms: number): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
}

function take(state: State, view: ViewStream, message: Uint8Array): void {
  if (view !== state.view) return;
  const frame = decodeFrame(message);
  if (frame === null) return;
  state.heardMs = performance.now();
  state.patienceMs = patienceMs.known;
  for (const viewed of view.take(frame)) {
    state.queue.push({ viewed, seen: view.seen() });
    state.queuedBytes += sizeOf(viewed);
  }
  // A node that sends what nobody asked for is not listened to until all of this is shown.
  if (state.queuedBytes > mostQueuedBytes) {
    state.view = createViewStream(view.seen());
    state.isBroken = true;
  }
  state.wake();
}

function ask(state: State, seen = state.shown): void {
  state.asked = { ms: performance.now(), to: seen?.to ?? 0 };
  state.line?.ask(seen);
}

/** Until something comes, or something is due. */
async function sleep(state: State): Promise<void> {
  const dueMs = state.over === null ? Math.min(askMs, 1_000) : 50;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, dueMs);
    state.wake = () => {
      clearTimeout(timer);
      resolve();
    };
    state.signal.addEventListener("abort", state.wake, { once: true });
  });
  state.signal.removeEventListener("abort", state.wake);
  state.wake = () => undefined;
}
