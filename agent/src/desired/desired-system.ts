/** PURE. What the accepted documents, the rollout record and the node's own configuration together want of this machine. */
import { wayBack } from "@chimera/proto/acceptance/accept-panic";
import { isQuarantined, type AcceptedHead, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import { effectiveWorld, type Effective } from "@chimera/proto/effective";
import type { Digest, StorePath } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { comparePlace, showPlace, type Place } from "@chimera/proto/signed/place";
import type { Leaf } from "@chimera/proto/signed/world";
import { desiredLocally } from "./desired-local.ts";
import { settingsOf, settingsOfWayBack, type Defaults } from "./desired-settings.ts";
import { undoesBooted } from "./undoes-booted.ts";
import { held, wholeHold, type HoldSight } from "./holds.ts";
import { gateOf, type GateSight } from "../rollout/rollout-gate.ts";
import type { Blocked, Desired } from "../reconcile/decision.ts";
import type { Journal } from "../reconcile/journal.ts";
import { modeOfClass } from "../reconcile/machine-drift/drift-class.ts";

export interface DesiredInput extends HoldSight {
  /** Proven leaf of the accepted head. */
  leaf: Leaf | null;
  rollout: RolloutRecord | null;
  /** What this node knows of the accepted head's waves. */
  waves: Pick<GateSight, "place" | "isProven" | "isLeadQuiet"> & {
    /** Half of the world has signed that it went back: so does who comes too late for the consent. */
    isBackProven: boolean;
  };
  journal: Journal | null;
  /** Whether a system is whole in this machine's store. */
  isPresent: (toplevel: StorePath) => boolean;
}

/** What root ordered on the node itself stands on top of what is signed, until that moves on. */
export function composeDesired(input: DesiredInput, config: Defaults): Desired | null {
  const { state } = input;
  const { effective, nowMs } = effectiveOf(input);
  const local = desiredLocally({ ...input, nowMs, place: placeIn(effective) }, config);
  if (local !== null) return local;
  return state === null ? null : signed({ ...input, state, effective }, config);
}

/** What is signed, and counts now, leads here, whatever root ordered on the node itself; null where it leads nowhere. */
export function signedToplevel(input: DesiredInput, config: Defaults): StorePath | null {
  const { state } = input;
  if (state === null) return null;
  return signed({ ...input, state, effective: effectiveOf(input).effective }, config)?.toplevel ?? null;
}

/** Of what is signed and counts now; null where nothing is. */
export function effectivePlace(sight: SignedSight): Place | null {
  return placeIn(effectiveOf(sight).effective);
}

type SignedSight = Pick<DesiredInput, "state" | "rollout" | "waves" | "journal" | "nowMs">;

function effectiveOf(sight: SignedSight): { effective: Effective; nowMs: number } {
  const { state, rollout, nowMs } = sight;
  if (state === null) return { effective: { kind: "none" }, nowMs };
  const now = nowOf({ state, judge: { nowMs } });
  const { head, panic } = state;
  const isBack = sight.waves.isBackProven || (head !== null && hasBegunBack(sight.journal, head));
  return { effective: effectiveWorld({ head, panic, rollout, nowMs: now, isBack }), nowMs: now };
}

/** The rollout of that head was taken back, and this machine has begun to go back; also beneath root's own order. */
export function hasBegunBack(
  journal: Journal | null,
  { id, head }: Pick<AcceptedHead, "id" | "head">,
): boolean {
  if (journal === null) return false;
  const { order } = journal;
  const isAbout = comparePlace({ ...order, rank: 0 }, head) === 0;
  return isAbout && order.rank > 0 && (order.id === id || order.local !== null);
}

function placeIn(effective: Effective): Place | null {
  return effective.kind === "none" ? null : effective.place;
}

function signed(
  input: DesiredInput & { state: TrustState; effective: Effective },
  config: Defaults,
): Desired | null {
  const { state, leaf, effective } = input;
  switch (effective.kind) {
    case "none":
      return null;
    case "head":
      return leaf === null ? null : forward({ ...input, state, effective, leaf }, config);
    case "returned":
    case "panic":
      return backward({ ...input, state, effective }, config);
  }
}

interface Forward extends DesiredInput {
  state: TrustState;
  effective: Extract<Effective, { kind: "head" }>;
  leaf: Leaf;
}

function forward(input: Forward, config: Defaults): Desired {
  const { state, effective, leaf } = input;
  const { toplevel } = leaf;
  const hold = wholeHold(input);
  const { paused } = effective;
  const denied = quarantined(state, toplevel);
  const pause = paused === null ? null : blockedBy("paused", paused);
  return {
    ...settingsOf(state.head, config),
    order: { ...placeOf(effective), id: effective.id, local: null },
    toplevel,
    undoes: null,
    blocked: denied ?? held(hold) ?? equivocation(state) ?? pause,
    waits: waitOf(input),
    revertForeign: modeOfClass(config.drift, "pointers") === "revert" && hold?.drift !== true,
    undoesBooted: undoesBooted(input, config.drift),
  };
}

function waitOf({ state, rollout, waves, nowMs }: Forward): Blocked | null {
  const policy = state.head?.head.policy.rollout;
  const record = rollout?.head === state.head?.id ? rollout : null;
  return gateOf({ ...waves, policy, record, nowMs: nowOf({ state, judge: { nowMs } }) });
}

interface Backward extends DesiredInput {
  state: TrustState;
  effective: Extract<Effective, { kind: "returned" | "panic" }>;
}

function backward(input: Backward, config: Defaults): Desired {
  const { state, effective } = input;
  const target = targetOf(input);
  const stopped = stopOf(input);
  const isDriftHeld = wholeHold(input)?.drift === true;
  return {
    ...settingsOfWayBack(state.head, config),
    order: { ...placeOf(effective), id: effective.id, local: null },
    toplevel: target,
    undoes: stopped === null ? undoneBy(input) : null,
    blocked: stopped ?? (target === null ? noTarget(effective) : null),
    waits: null,
    // A person who mends what no document can mend must not be fought.
    revertForeign: modeOfClass(config.drift, "pointers") === "revert" && !isDriftHeld && target !== null,
    undoesBooted: undoesBooted(input, config.drift),
  };
}

/** A panic waits for nobody who did not forbid even that. */
function stopOf(input: Backward): Blocked | null {
  const { state, effective } = input;
  const hold = wholeHold(input);
  if (effective.kind === "panic") return hold?.evenPanic === true ? held(hold) : null;
  return held(hold) ?? equivocation(state);
}

/**
 * The first of these that this machine still has and may run: where this very order leads already, where the panic was found to
 * lead when it was accepted, the leaf of the asked world if it was ever committed, the last committed one, what ran before
 * the undone head was begun.
 */
function targetOf(input: Backward): StorePath | null {
  const { state, effective, journal, isPresent } = input;
  const begun = journal !== null && journal.order.rank > 0 && journal.order.id === effective.id;
  if (begun && isPresent(journal.toplevel)) return journal.toplevel;
  const isFit = (toplevel: StorePath) => isPresent(toplevel) && !isQuarantined(state, toplevel);
  const leaves = state.leaves.filter(({ toplevel }) => isFit(toplevel));
  const known = wayBack({ leaves }, { undone: undoneBy(input), world: effective.world });
  const ways = [decidedWay(input), known, beforeUndone(input)];
  return ways.find((toplevel) => toplevel !== null && isFit(toplevel)) ?? null;
}

function decidedWay({ state, effective }: Backward): StorePath | null {
  return effective.kind === "panic" ? (state.panic?.target ?? null) : null;
}

function beforeUndone(input: Backward): StorePath | null {
  const { journal } = input;
  return journal?.order.id === undoneBy(input) ? journal.before.current : null;
}

function undoneBy({ state, effective }: Backward): Digest {
  return effective.kind === "panic" && state.panic !== null ? state.panic.panic.undoes : effective.id;
}

function placeOf({ place: { epoch, serial, rank } }: Extract<Effective, { id: Digest }>) {
  return { epoch, serial, rank };
}

function quarantined(state: TrustState, toplevel: StorePath): Blocked | null {
  if (!isQuarantined(state, toplevel)) return null;
  const own = state.quarantinedHere.find((entry) => entry.toplevel === toplevel);
  const detail = `${toplevel} is in quarantine: ${own?.reason ?? "the fleet's list names it"}`;
  return { state: "quarantined", reason: "quarantined", detail, repairs: false };
}

function equivocation({ equivocation: found }: TrustState): Blocked | null {
  if (found === null) return null;
  const detail = `two documents of one place: ${found.kept} was first, ${found.other} came at ${found.at}`;
  return blockedBy("equivocation", detail);
}

function noTarget({ kind, place }: Extract<Effective, { id: Digest }>): Blocked {
  const isPanic = kind === "panic";
  const reason = isPanic ? "panic-no-target" : "no-target";
  const detail = `${showPlace(place)}: this node has no earlier system that it may go back to`;
  return { state: isPanic ? "panic-no-target" : null, reason, detail, repairs: false };
}

function blockedBy(reason: string, detail: string): Blocked {
  return { state: null, reason, detail, repairs: true };
}
