/** PURE. Which world `chimera rollback` means. */
import type { StoredHead } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { WorldId } from "@chimera/proto/names";

const leastDigits = 8;

export interface Choice {
  /** The effective world; null before the first head. */
  now: WorldId | null;
  /** The world of the newest head, where a panic or a failed rollout undid it. */
  undone: WorldId | null;
  /** What the operator typed: a serial, or digits of a world. */
  to: string | undefined;
}

/** `heads` newest first, all genuine. Without `to`: the newest world that is neither the one of now nor undone. */
export function chooseWorld(heads: readonly StoredHead[], { now, undone, to }: Choice): WorldId {
  if (now === null)
    throw new ChimeraError("world-unknown", "there is no head yet, so nothing to go back from");
  if (to === undefined) {
    const before = heads.find(({ head }) => head.world !== now && head.world !== undone);
    if (before !== undefined) return before.head.world;
    throw new ChimeraError("world-unknown", "there is no earlier world in the history");
  }
  if (to === "current") return now;
  const bySerial = /^\d{1,9}$/u.test(to) ? heads.find(({ head }) => head.serial === Number(to)) : undefined;
  return bySerial?.head.world ?? byPrefix(heads, to);
}

function byPrefix(heads: readonly StoredHead[], to: string): WorldId {
  const whole = WorldId.safeParse(to);
  if (whole.success) return whole.data;
  const worlds = new Set(heads.map(({ head }) => head.world));
  const matching =
    /^[0-9a-f]+$/u.test(to) && to.length >= leastDigits ? [...worlds].filter((id) => id.startsWith(to)) : [];
  const [found, second] = matching;
  if (found !== undefined && second === undefined) return found;
  if (second !== undefined)
    throw new ChimeraError("usage", `--to ${to} fits several worlds: give more digits`);
  throw new ChimeraError(
    "world-unknown",
    `--to ${to}: no head with that serial, no world that begins so (at least ${leastDigits} digits)`,
  );
}
