/**
 * SHELL. One at a time: a client in control mode that attaches, and what makes sessions come or go. tmux tells every such client of that, also one
 * that it has not set up yet, and its server ends by it (3.3a: control_write for a client without control state). Nobody else is such a client here.
 */
import { setTimeout as delay } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";

/** Of a server that hangs nobody waits for ever. */
const longestMs = 5_000;

/** By the server's socket. */
const turns = new Map<string, LimitFunction>();

export function inTurn<T>(socket: string, work: () => Promise<T>): Promise<T> {
  const turn = turns.get(socket) ?? pLimit(1);
  turns.set(socket, turn);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  void turn(async () => {
    const done = work();
    done.then(resolve, reject);
    const waiting = new AbortController();
    const late = delay(longestMs, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined);
    await Promise.race([
      done.then(
        () => undefined,
        () => undefined,
      ),
      late,
    ]);
    waiting.abort();
  });
  return promise;
}
