/** PURE. Which world `chimera rollback` means. */
import { ChimeraError } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import { parseDurationMs } from "../../order/duration.ts";
import { findWorld } from "../../world/find-world.ts";

export interface Choice {
  /** The effective world; null before the first head. */
  now: WorldId | null;
  /** What the operator typed: a serial, or digits of a world. */
  to: string | undefined;
}

/** `heads` newest first, all genuine. Without `to`: the world that was in force before the one of now. */
export function chooseWorld(heads: readonly { head: Head }[], { now, to }: Choice): WorldId {
  if (now === null)
    throw new ChimeraError("world-unknown", "there is no head yet, so nothing to go back from");
  if (to === undefined) {
    const before = worldBefore(heads, now);
    if (before !== null) return before;
    const message =
      "no head of the history says what was in force before the world of now: name one with --to";
    throw new ChimeraError("world-unknown", message);
  }
  if (to === "current") return now;
  try {
    return findWorld(heads, to);
  } catch (cause) {
    if (parseDurationMs(to) === undefined) throw cause;
    throw new ChimeraError("usage", `"${to}" is a span, not a time: say "${to} ago"`, { cause });
  }
}

/**
 * By the head that brought the world of now: its author signed what was in force then. The newest other world will not do: it may
 * be one that failed and went back, or that a panic undid.
 */
function worldBefore(heads: readonly { head: Head }[], now: WorldId): WorldId | null {
  const brought = heads.filter(({ head }) => head.world === now);
  return brought.flatMap(({ head }) => head.revertTo ?? []).find((world) => world !== now) ?? null;
}
