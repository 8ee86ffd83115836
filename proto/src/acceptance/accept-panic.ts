/**
 * PURE. Whether a node takes a panic. It undoes exactly one head that the publish role signed: a stolen panic key, or a
 * stolen panic, can do nothing else. No policy, no expiry and no freshness stand in its way.
 */
import type { Envelope } from "../signed/envelope.ts";
import { openHead, type OpenedHead } from "../signed/head.ts";
import { openPanic, panicPlace, type OpenedPanic } from "../signed/panic.ts";
import { comparePlace, showPlace } from "../signed/place.ts";
import { equivocation, jumpOf } from "./accept-head.ts";
import {
  isQuarantined,
  newestOf,
  quarantineHere,
  type AcceptedPanic,
  type TrustState,
} from "./trust-state.ts";
import { isoOf, refused, refusedBy, type Bench, type Verdict } from "./verdict.ts";

/** `undone` is the head as the store has it, for a node that has not accepted it. */
export function acceptPanic(bench: Bench, envelope: Envelope, undone: Envelope | null): Verdict {
  let opened: OpenedPanic;
  try {
    opened = openPanic(envelope, bench.keys.set.roles.panic);
  } catch (error) {
    return refusedBy(error);
  }
  return judgePlace(bench, opened) ?? judgeUndone(bench, { opened, envelope, undone });
}

function judgePlace(bench: Bench, { panic, id, signedBy }: OpenedPanic): Verdict | null {
  const { state } = bench;
  if (panic.fleetId !== state.fleetId) {
    return refused("fleet-mismatch", `panic is for fleet ${panic.fleetId}`, signedBy);
  }
  if (state.panic !== null && [state.panic.id, ...state.panic.aliases].includes(id)) return { kind: "known" };
  const newest = newestOf(state);
  const order = newest === null ? 1 : comparePlace(panicPlace(panic), newest.place);
  if (order < 0) {
    const above = newest === null ? "" : showPlace(newest.place);
    return refused(
      "panic-void",
      `it undoes head ${showPlace(panic)}, but ${above} was accepted since`,
      signedBy,
    );
  }
  if (order === 0 && state.panic !== null) return sameHeadAgain(bench, state.panic, { panic, id, signedBy });
  return null;
}

/** Released twice, signed twice: if it leads to the same world it is the same panic under another name. */
function sameHeadAgain(bench: Bench, first: AcceptedPanic, { panic, id, signedBy }: OpenedPanic): Verdict {
  const { state } = bench;
  const isSame = panic.undoes === first.panic.undoes && panic.world === first.panic.world;
  if (!isSame) {
    return equivocation(bench, { kept: first.id, other: id, at: showPlace(panicPlace(panic)), signedBy });
  }
  const aliases = [...first.aliases, id].slice(-16);
  return { kind: "accepted", state: { ...state, panic: { ...first, aliases } }, id, signedBy };
}

interface Found {
  opened: OpenedPanic;
  envelope: Envelope;
  undone: Envelope | null;
}

function judgeUndone(bench: Bench, found: Found): Verdict {
  const { state } = bench;
  const { panic, signedBy } = found.opened;
  if (panic.undoes === state.head?.id) {
    const isItsPlace = comparePlace(panic, state.head.head) === 0;
    return isItsPlace
      ? take(bench, found)
      : refused("panic-void", "it names another place than its head has", signedBy);
  }
  if (state.head !== null && comparePlace(panic, state.head.head) === 0) {
    return refused(
      "panic-void",
      `it undoes another head ${showPlace(panic)} than the accepted one`,
      signedBy,
    );
  }
  if (found.undone === null) return { kind: "needs-head", id: panic.undoes };
  return judgeUnseen(bench, found, found.undone);
}

/** This node was away when the head came: it goes by what the publish role signed, not by what the panic claims. */
function judgeUnseen(bench: Bench, found: Found, envelope: Envelope): Verdict {
  const { panic, signedBy } = found.opened;
  let undone: OpenedHead;
  try {
    undone = openHead(envelope, bench.keys.set.roles.publish);
  } catch (error) {
    return refusedBy(error);
  }
  const { head, id } = undone;
  const isIt = id === panic.undoes && head.fleetId === panic.fleetId && comparePlace(head, panic) === 0;
  if (!isIt) return refused("panic-void", "the head that it undoes is not the fleet's newest", signedBy);
  // Else a head that no node takes, undone at once, would carry every node to its place.
  const jump = jumpOf(bench, head);
  return jump === null ? take(bench, found) : refused("order-jump", `the undone head ${jump}`, signedBy);
}

const panicDenial = "undone by panic";

/** Whether a panic is why a node denies a system, and not that it failed there. */
export function isPanicDenial({ reason }: { reason: string }): boolean {
  return reason.startsWith(`${panicDenial} `);
}

/** The undone system is denied here from now on, unless it is where this node goes back to. */
function take({ state, judge }: Bench, { opened, envelope }: Found): Verdict {
  const { panic, id, signedBy } = opened;
  const at = isoOf(judge.nowMs);
  // Nobody goes back to what is denied. It is decided once: a denial later on does not send a running system away.
  const allowed = state.leaves.filter(({ toplevel }) => !isQuarantined(state, toplevel));
  const target = wayBack({ leaves: allowed }, { undone: panic.undoes, world: panic.world });
  const accepted: TrustState = {
    ...state,
    panic: { id, aliases: [], acceptedAt: at, panic, envelope, target },
    equivocation: null,
  };
  const undone = state.leaves.filter(({ head, toplevel }) => head === panic.undoes && toplevel !== target);
  const next = undone.reduce(
    (now, { toplevel }) =>
      quarantineHere(now, { toplevel, reason: `${panicDenial} ${showPlace(panic)}`, at }),
    accepted,
  );
  return { kind: "accepted", state: next, id, signedBy };
}

/**
 * Where this node goes for a world that undoes another: its leaf of that world if it ever committed that toplevel, else the
 * last it committed; null when there is neither, and then it stays.
 */
export function wayBack(
  { leaves }: Pick<TrustState, "leaves">,
  { undone, world }: { undone: string; world: string },
): TrustState["leaves"][number]["toplevel"] | null {
  const good = leaves.filter(({ committedAt, head }) => committedAt !== null && head !== undone);
  const committed = new Set(
    leaves.filter(({ committedAt }) => committedAt !== null).map(({ toplevel }) => toplevel),
  );
  const own = leaves.findLast(
    (leaf) => leaf.world === world && leaf.head !== undone && committed.has(leaf.toplevel),
  );
  return own?.toplevel ?? good.at(-1)?.toplevel ?? null;
}
