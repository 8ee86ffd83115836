/** SHELL. Requests that nobody waits long for, because there is another way. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Io } from "../io.ts";

export interface Patience {
  /** For whoever sends the requests. */
  io: Io;
  /** Throws deadline-exceeded when the time is up, and ends the requests. One at a time. */
  within: <T>(work: () => Promise<T>) => Promise<T>;
}

export function createPatience(io: Io, ms: number): Patience {
  let { signal } = io;
  return {
    io: {
      ...io,
      get signal() {
        return signal;
      },
    },
    async within(work) {
      const own = new AbortController();
      const timer = setTimeout(() => own.abort(), ms);
      signal = AbortSignal.any([io.signal, own.signal]);
      try {
        return await work();
      } catch (error) {
        io.signal.throwIfAborted();
        if (!own.signal.aborted) throw error;
        throw new ChimeraError("deadline-exceeded", `not within ${ms / 1000} s`);
      } finally {
        clearTimeout(timer);
        ({ signal } = io);
      }
    },
  };
}
