/** PURE. The next quarantine list of a fleet: the whole of it, made from the newest and one change. */
import { ChimeraError } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import { maxQuarantine, type OrderAction } from "@chimera/proto/signed/order";

export type QuarantineList = Extract<OrderAction, { kind: "quarantine" }>;

export interface QuarantineChange {
  verb: "add" | "remove" | "pardon";
  toplevels: readonly StorePath[];
  /** Toplevels that nodes say they quarantined by themselves. */
  reported: ReadonlySet<StorePath>;
}

export interface NextQuarantine {
  action: QuarantineList;
  /** Pardons that end here, since a node has quarantined that toplevel again, or never heard of its pardon: who denies wins. */
  endedPardons: StorePath[];
}

/** Throws not-found for what cannot be removed, input-invalid for a list that is full. */
export function nextQuarantine(current: QuarantineList | null, change: QuarantineChange): NextQuarantine {
  const given = [...new Set(change.toplevels)];
  const listed = new Set(current?.toplevels ?? []);
  checkRemovable(listed, given, change.verb);
  for (const path of given) {
    if (change.verb === "add") listed.add(path);
    else listed.delete(path);
  }
  const { pardoned, ended } = nextPardons(current?.pardoned ?? [], given, change);
  const serial = (current?.serial ?? 0) + 1;
  const toplevels = [...listed].toSorted();
  if (Math.max(toplevels.length, pardoned.length) > maxQuarantine) {
    throw new ChimeraError("input-invalid", `a quarantine list has at most ${maxQuarantine} toplevels`);
  }
  return { action: { kind: "quarantine", serial, toplevels, pardoned }, endedPardons: ended };
}

function checkRemovable(
  listed: ReadonlySet<StorePath>,
  given: readonly StorePath[],
  verb: QuarantineChange["verb"],
): void {
  const missing = verb === "remove" ? given.find((path) => !listed.has(path)) : undefined;
  if (missing === undefined) return;
  throw new ChimeraError(
    "not-found",
    `${missing} is not in the fleet's list ("chimera quarantine list" shows it; what nodes quarantined by themselves is pardoned)`,
  );
}

/** A pardon goes on in later lists, for nodes that were away; but never over a denial that is newer than it. */
function nextPardons(
  before: readonly StorePath[],
  given: readonly StorePath[],
  { verb, reported }: QuarantineChange,
): { pardoned: StorePath[]; ended: StorePath[] } {
  const kept = verb === "add" ? before.filter((path) => !given.includes(path)) : before;
  const ended = kept.filter((path) => reported.has(path) && !(verb === "pardon" && given.includes(path)));
  const living = kept.filter((path) => !ended.includes(path));
  const pardoned = verb === "pardon" ? [...living, ...given] : living;
  return { pardoned: [...new Set(pardoned)].toSorted(), ended };
}
