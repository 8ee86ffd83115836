/**
 * SHELL. One at a time: a client in control mode that attaches or leaves, and what makes sessions come or go. tmux tells every such client of that, also
 * one that it has not set up yet, and its server ends by it (3.3a: control_write for a client without control state). Nobody else is such a client here.
 */
import { setTimeout as delay } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";

/** Of a server that hangs nobody waits for ever. */
const longestMs = 5_000;

/** By the server's socket. */
const turns = new Map<string, LimitFunction>();
const attached = new Map<string, Set<AttachedClient>>();

export interface AttachedClient {
  /** tmux's own id. */
  session: string;
  /** Its process has ended, and so tmux knows before it hears of the next. */
  gone: Promise<unknown>;
}

export function inTurn<T>(socket: string, work: () => Promise<T>): Promise<T> {
  const turn = turns.get(socket) ?? pLimit(1);
  turns.set(socket, turn);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  void turn(async () => {
    const done = work();
    done.then(resolve, reject);
    await atMost(done);
  });
  return promise;
}

export function noteClient(socket: string, client: AttachedClient): void {
  const all = attached.get(socket) ?? new Set();
  attached.set(socket, all.add(client));
  void client.gone.then(() => all.delete(client));
}

/** Whoever was attached to a session that is gone leaves by himself, a moment after it. */
export async function clientsGone(socket: string, sessions: readonly string[]): Promise<void> {
  const leaving = [...(attached.get(socket) ?? [])].filter(({ session }) => sessions.includes(session));
  await atMost(Promise.all(leaving.map(({ gone }) => gone)));
}

/** However it ends. */
async function atMost(work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController();
  const late = delay(longestMs, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined);
  await Promise.race([Promise.allSettled([work]), late]);
  waiting.abort();
}
