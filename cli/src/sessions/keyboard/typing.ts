/**
 * SHELL. Somebody at this terminal who types into a session. While he holds its keyboard every key goes there; as soon as somebody else does, or its
 * time is over, he watches and is told so.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { TerminalSize, type SessionFacts } from "@chimera/proto/sessions/session";
import { printableLine } from "../../print/printable.ts";
import type { ViewLine } from "../roads/session-road.ts";
import type { Keyboard } from "./take-keyboard.ts";
import { createTypedBytes } from "./typed-bytes.ts";

export interface TypingOptions {
  keyboard: Keyboard;
  /** Anew, before its time is over, as who holds it by that order. Throws ChimeraError. */
  renew: (order: Digest) => Promise<Keyboard>;
  nowMs: () => number;
  say: (text: string) => void;
  /** Ctrl-B d. */
  leave: () => void;
}

export interface Typing {
  /** False where keys are not for the session: nobody here holds its keyboard. */
  take: (bytes: Uint8Array) => boolean;
  /** Over which keys go; null while there is none. */
  line: (line: ViewLine | null) => void;
  heard: (facts: SessionFacts) => void;
  /** Gives it back. */
  end: () => void;
}

interface State extends TypingOptions {
  isHeld: boolean;
  /** That it was given was seen; before, facts may be older than that: they name one of these orders, or nobody. */
  isSeen: boolean;
  older: Set<Digest>;
  /** The same since there is this line. */
  isHeard: boolean;
  renewal: Renewal | null;
  current: ViewLine | null;
  /** What was typed since there is no line, and since when that is. */
  waiting: { bytes: Buffer; sinceMs: number };
  timer: NodeJS.Timeout | null;
}

/** Until its answer is here nobody knows under which order keys count. */
interface Renewal {
  holdsKeys: boolean;
  /** What the node said meanwhile. */
  facts: SessionFacts | null;
}

/** Of its time: then it is asked for again. */
const renewAt = 0.75;
const lookAgainMs = 1_000;

export function createTyping(options: TypingOptions): Typing {
  const waiting = { bytes: Buffer.alloc(0), sinceMs: options.nowMs() };
  const state: State = {
    ...options,
    isHeld: true,
    isSeen: false,
    older: new Set(options.keyboard.replaced === null ? [] : [options.keyboard.replaced]),
    isHeard: false,
    renewal: null,
    current: null,
    waiting,
    timer: null,
  };
  const typedBytes = createTypedBytes();
  const onResize = (): void => sendSize(state);
  process.stdout.on("resize", onResize);
  renewLater(state);
  return {
    take(bytes) {
      if (!state.isHeld) return false;
      for (const one of typedBytes(bytes)) {
        if (one.kind === "leave") state.leave();
        else type(state, one.bytes);
      }
      return true;
    },
    line: (line) => takeLine(state, line),
    heard: (facts) => hear(state, facts),
    end() {
      process.stdout.off("resize", onResize);
      if (state.timer !== null) clearTimeout(state.timer);
      if (state.isHeld && state.current !== null) state.keyboard.send(state.current, { kind: "release" });
    },
  };
}

function takeLine(state: State, line: ViewLine | null): void {
  if (line === null && state.current !== null) {
    state.waiting.sinceMs = state.nowMs();
    state.isHeard = false;
  }
  state.current = line;
  sendSize(state);
  sendWaiting(state);
}

/** A view is opened anew by another name within less, as after another size. */
const gapMs = 3_000;
const mostWaiting = 4096;

/** Keys that are typed while a line stays broken are lost, and not typed later into whatever is there then. */
function type(state: State, bytes: Uint8Array): void {
  const { current, waiting, nowMs, renewal } = state;
  if (current !== null && renewal?.holdsKeys !== true) sendKeys(state, current, bytes);
  else if (nowMs() - waiting.sinceMs < gapMs && waiting.bytes.length < mostWaiting)
    waiting.bytes = Buffer.concat([waiting.bytes, bytes]);
  else state.say("there is no line to the node: what you type now is lost");
}

function sendWaiting(state: State): void {
  const { current, waiting, isHeld, nowMs, renewal } = state;
  if (current === null || renewal?.holdsKeys === true || waiting.bytes.length === 0) return;
  const { bytes } = waiting;
  waiting.bytes = Buffer.alloc(0);
  if (!isHeld) return;
  if (nowMs() - waiting.sinceMs < gapMs) sendKeys(state, current, bytes);
  else state.say("there was no line to the node: what you typed meanwhile is lost");
}

function sendKeys({ keyboard }: State, line: ViewLine, bytes: Uint8Array): void {
  keyboard.send(line, { kind: "keys", keys: Buffer.from(bytes).toString("base64") });
}

function sendSize({ isHeld, current, keyboard }: State): void {
  const { columns, rows } = process.stdout;
  // The last row is for what there is to say beside the session.
  const size = TerminalSize.safeParse({ columns, rows: rows - 1 });
  if (isHeld && current !== null && size.success) keyboard.send(current, { kind: "size", size: size.data });
}

function hear(state: State, facts: SessionFacts): void {
  if (state.renewal !== null) {
    state.renewal.facts = facts;
    return;
  }
  const { keyboard: held } = facts;
  if (held?.order === state.keyboard.order) {
    [state.isSeen, state.isHeard] = [true, true];
    return;
  }
  const isOlder = !state.isSeen && (held === null || state.older.has(held.order));
  if (!state.isHeld || isOlder) return;
  state.isHeld = false;
  const taken = held === null ? null : printableLine(held.holder);
  state.say(taken === null ? "your keyboard is over: you watch" : `${taken} took the keyboard: you watch`);
}

function renewLater(state: State): void {
  const leftMs = Date.parse(state.keyboard.until) - state.nowMs();
  renewIn(state, Math.max(leftMs * renewAt, lookAgainMs));
}

function renewIn(state: State, ms: number): void {
  state.timer = setTimeout(() => void renew(state), ms).unref();
}

async function renew(state: State): Promise<void> {
  if (!state.isHeld) return;
  // While nothing is heard somebody else may have taken it: it would be taken back behind his back.
  if (!state.isHeard) return renewIn(state, lookAgainMs);
  const renewal: Renewal = { holdsKeys: true, facts: null };
  [state.renewal, state.waiting.sinceMs] = [renewal, state.nowMs()];
  const release = (): void => {
    renewal.holdsKeys = false;
    sendWaiting(state);
  };
  // One that does not come has hardly reached the node: what was given before counts.
  const timer = setTimeout(release, gapMs / 2).unref();
  try {
    const next = await state.renew(state.keyboard.order);
    state.older.add(state.keyboard.order);
    [state.keyboard, state.isSeen, state.isHeard] = [next, false, false];
    renewLater(state);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.say(
      `the keyboard is yours until ${state.keyboard.until}, and not longer: ${printableLine(errorChain(error))}`,
    );
  } finally {
    clearTimeout(timer);
    state.renewal = null;
  }
  release();
  // One that was said meanwhile came under an order that may be no longer the newest.
  sendSize(state);
  if (renewal.facts !== null) hear(state, renewal.facts);
}
