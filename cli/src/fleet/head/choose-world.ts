/** PURE. Which world `chimera rollback` means. */
import { ChimeraError } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import { parseDurationMs } from "../../order/duration.ts";
import { findWorld } from "../../world/find-world.ts";

export interface Choice {
  /** The effective world; null before the first head. */
  now: WorldId | null;
  /** The world of the newest head, where a panic or a failed rollout undid it. */
  undone: WorldId | null;
  /** What the operator typed: a serial, or digits of a world. */
  to: string | undefined;
}

/** `heads` newest first, all genuine. Without `to`: the newest world that is neither the one of now nor undone. */
export function chooseWorld(heads: readonly { head: Head }[], { now, undone, to }: Choice): WorldId {
  if (now === null)
    throw new ChimeraError("world-unknown", "there is no head yet, so nothing to go back from");
  if (to === undefined) {
    const before = heads.find(({ head }) => head.world !== now && head.world !== undone);
    if (before !== undefined) return before.head.world;
    throw new ChimeraError("world-unknown", "there is no earlier world in the history");
  }
  if (to === "current") return now;
  try {
    return findWorld(heads, to);
  } catch (cause) {
    if (parseDurationMs(to) === undefined) throw cause;
    throw new ChimeraError("usage", `"${to}" is a span, not a time: say "${to} ago"`, { cause });
  }
}
