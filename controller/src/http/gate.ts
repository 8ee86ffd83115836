/** SHELL. At most so many at a time and as many waiting; the rest is told to come back (503, Retry-After). */
import { ChimeraError } from "@chimera/proto/errors";
import pLimit from "p-limit";

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

export function createGate(atOnce: number): Gate {
  const limit = pLimit(atOnce);
  return (work) => {
    if (limit.pendingCount >= atOnce) throw new ChimeraError("overloaded", "too many transfers at a time");
    return limit(work);
  };
}
