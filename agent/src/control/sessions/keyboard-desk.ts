/**
 * SHELL. Who types into which session: one holder each, by a signed order, until a time. Each message of keys is authenticated by the key that
 * only holder and node have; what is not from the holder, or came before, changes nothing. What is typed is counted, never kept.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { createExchange, KeyMessage, openTyped, type Typed } from "@chimera/proto/sessions/keyboard";
import type { SessionAnswer } from "@chimera/proto/sessions/order-answer";
import type { SessionFacts, SessionName, TerminalSize } from "@chimera/proto/sessions/session";
import { refuseKeyboard, type Refusal } from "../../sessions/keyboard-rules.ts";
import type { Typist } from "../../sessions/typist.ts";
import { parseBounded } from "../look/read-stored.ts";
import { holderName, type GivenOrder, type Lease } from "./keyboard-lease.ts";

export interface KeyboardDeskOptions {
  facts: (session: SessionName) => SessionFacts | null;
  /** Throws ChimeraError where nobody can type there. */
  open: (session: SessionName, onEnd: (reason: string) => void) => Promise<Typist>;
  /** Somebody else holds it now, or nobody. */
  onHolder: (session: SessionName) => void;
  /** Of his who holds it. */
  onTyped: (session: SessionName, bytes: number) => void;
  /** It is over: who typed how many bytes, and never which. */
  onOver: (held: KeyboardHeld) => void;
  log: Log;
}

export type KeyboardHeld = Extract<NodeEventBody, { type: "keyboard-held" }>["data"];

export interface KeyboardDesk {
  give: (order: GivenOrder) => Promise<SessionAnswer>;
  /** A message on the keys' subject of that session. */
  take: (session: SessionName, data: Uint8Array) => void;
  holderOf: (session: SessionName) => SessionFacts["keyboard"];
  close: () => void;
}

interface State extends KeyboardDeskOptions {
  leases: Map<SessionName, Lease>;
  /** Orders for one session are carried out one after the other. */
  giving: Map<SessionName, Promise<unknown>>;
}

const maxMessageBytes = 8 * 1024;
/** More than that nobody types: a program that reads nothing must not fill the node's memory. */
const maxWaitingBytes = 256 * 1024;
/** What a message weighs at least: one of a single key is kept as more than a byte. */
const leastBytes = 64;
const maxLeases = 64;

export function createKeyboardDesk(options: KeyboardDeskOptions): KeyboardDesk {
  const state: State = { ...options, leases: new Map(), giving: new Map() };
  return {
    give: (order) => inTurn(state, order),
    take: (session, data) => take(state, session, data),
    holderOf(session) {
      const lease = state.leases.get(session);
      return lease === undefined ? null : { order: lease.order, holder: lease.holder, until: lease.until };
    },
    close() {
      for (const lease of state.leases.values()) end(state, lease, "the agent stops");
    },
  };
}

function inTurn(state: State, given: GivenOrder): Promise<SessionAnswer> {
  const { session } = given.action;
  const before = state.giving.get(session) ?? Promise.resolve();
  const mine = before.then(() => give(state, given));
  const settled = Promise.allSettled([mine]).finally(() => {
    if (state.giving.get(session) === settled) state.giving.delete(session);
  });
  state.giving.set(session, settled);
  return mine;
}

async function give(state: State, given: GivenOrder): Promise<SessionAnswer> {
  const { order, action } = given;
  const held = state.leases.get(action.session) ?? null;
  const facts = state.facts(action.session);
  const refusal = refuseKeyboard(action, order.createdAt, { facts, held }) ?? refuseMany(state, held);
  if (refusal !== null) return { kind: "refused", ...refusal };
  try {
    return await hand(state, given, held);
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { kind: "refused", code: error.code, message: errorChain(error).slice(0, 1024) };
  }
}

function refuseMany({ leases }: State, held: Lease | null): Refusal | null {
  if (held !== null || leases.size < maxLeases) return null;
  return { code: "overloaded", message: `${maxLeases} keyboards are held on this node already` };
}

async function hand(state: State, given: GivenOrder, held: Lease | null): Promise<SessionAnswer> {
  const { action, id, order } = given;
  const { session, run, until } = action;
  const exchange = createExchange();
  const key = exchange.keyWith(action.half, id);
  const onEnd = (reason: string) => {
    const lease = state.leases.get(session);
    if (lease?.order === id) end(state, lease, reason);
  };
  const typist = await state.open(session, onEnd);
  if (held !== null) drop(state, held, whyOver(given, held));
  const leftMs = Date.parse(until) - Date.now();
  const lease: Lease = {
    session,
    order: id,
    createdAt: order.createdAt,
    holder: holderName(given),
    since: new Date().toISOString(),
    until,
    key,
    lastSeq: 0,
    typist,
    timer: setTimeout(() => end(state, lease, "its time is over"), leftMs).unref(),
    waitingBytes: 0,
    wantedSize: null,
    tail: Promise.resolve(),
    typed: 0,
    refused: 0,
  };
  state.leases.set(session, lease);
  state.log.info({ session, order: id, holder: lease.holder, until }, "keyboard given");
  state.onHolder(session);
  return { kind: "keyboard", session, run, half: exchange.half, until, before: held?.holder ?? null };
}

/** Of one who goes on typing under another order nobody reads that it was taken from him. */
function whyOver(given: GivenOrder, held: Lease): string {
  const isSame = given.action.renews === true && holderName(given) === held.holder;
  return isSame ? "its holder signed for it anew" : "somebody else took it";
}

function take(state: State, session: SessionName, data: Uint8Array): void {
  const lease = state.leases.get(session);
  if (lease === undefined) return;
  const found = data.length > maxMessageBytes ? null : parseBounded(data, KeyMessage);
  const typed = found?.kind === "found" ? opened(state, lease, found.value) : null;
  if (typed === null) lease.refused += 1;
  else carryOut(state, lease, typed);
}

/** Null for what its holder did not type now. */
function opened(state: State, lease: Lease, message: KeyMessage): Typed | null {
  if (message.order !== lease.order) return null;
  // A timer may come late, and does after a machine has slept.
  if (Date.now() >= Date.parse(lease.until)) {
    end(state, lease, "its time is over");
    return null;
  }
  try {
    const typed = openTyped(lease.key, message, lease.lastSeq);
    lease.lastSeq = message.seq;
    return typed;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    state.log.debug({ session: lease.session, reason: error.message }, "keys refused");
    return null;
  }
}

function carryOut(state: State, lease: Lease, typed: Typed): void {
  switch (typed.kind) {
    case "release":
      return end(state, lease, "its holder gave it back");
    case "size":
      return resizeLast(state, lease, typed.size);
    case "keys":
      return typeKeys(state, lease, Buffer.from(typed.keys, "base64"));
  }
}

/** Whoever drags a window says many sizes: one that still waits gives its place to the next. */
function resizeLast(state: State, lease: Lease, size: TerminalSize): void {
  const isWaiting = lease.wantedSize !== null;
  lease.wantedSize = size;
  if (isWaiting) return;
  queue(state, lease, {
    bytes: 0,
    async deed() {
      const wanted = lease.wantedSize ?? size;
      lease.wantedSize = null;
      await lease.typist.resize(wanted);
    },
  });
}

function typeKeys(state: State, lease: Lease, keys: Buffer): void {
  const bytes = Math.max(keys.length, leastBytes);
  if (lease.waitingBytes + bytes > maxWaitingBytes)
    return end(state, lease, "more was typed than its terminal takes");
  lease.typed += keys.length;
  state.onTyped(lease.session, keys.length);
  queue(state, lease, { bytes, deed: () => lease.typist.type(keys) });
}

function queue(
  state: State,
  lease: Lease,
  { bytes, deed }: { bytes: number; deed: () => Promise<void> },
): void {
  lease.waitingBytes += bytes;
  lease.tail = lease.tail.then(() => work(state, lease, { bytes, deed }));
}

async function work(
  state: State,
  lease: Lease,
  { bytes, deed }: { bytes: number; deed: () => Promise<void> },
): Promise<void> {
  try {
    await deed();
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    end(state, lease, error.message);
  } finally {
    lease.waitingBytes -= bytes;
  }
}

function end(state: State, lease: Lease, reason: string): void {
  if (drop(state, lease, reason)) state.onHolder(lease.session);
}

/** False where it had ended before. */
function drop(state: State, lease: Lease, reason: string): boolean {
  if (state.leases.get(lease.session) !== lease) return false;
  state.leases.delete(lease.session);
  clearTimeout(lease.timer);
  // What was typed before still arrives.
  void lease.tail.then(lease.typist.close);
  const { session, order, holder, since, typed: typedBytes, refused } = lease;
  const held: KeyboardHeld = {
    session,
    order,
    holder,
    since,
    typedBytes,
    refused,
    reason: reason.slice(0, 512),
  };
  state.log.info({ ...held }, "keyboard over");
  state.onOver(held);
  return true;
}
