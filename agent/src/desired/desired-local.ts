/** PURE. What root ordered on the node itself, as an order that the node carries out like any other. */
import type { Place } from "@chimera/proto/signed/place";
import { settingsOf, settingsOfWayBack, type Defaults } from "./desired-settings.ts";
import { undoesBooted, type BootedSight } from "./undoes-booted.ts";
import { held, wholeHold, type HoldSight } from "./holds.ts";
import { activeLocalOrder } from "../local/merge-local.ts";
import type { Desired } from "../reconcile/decision.ts";
import { modeOfClass } from "../reconcile/machine-drift/drift-class.ts";

export interface LocalInput extends HoldSight, BootedSight {
  /** Of what is signed; null where nothing is. */
  place: Place | null;
}

/** Null while nothing of that kind counts. It waits for holds as a head does, and panic ends it by its place. */
export function desiredLocally(input: LocalInput, config: Defaults): Desired | null {
  const { local, state, place, nowMs } = input;
  const order = activeLocalOrder(local, { place, nowMs });
  if (order === null) return null;
  const { base, id, action, toplevel } = order;
  const hold = wholeHold(input);
  const settings = action === "revert" ? settingsOfWayBack : settingsOf;
  return {
    ...settings(state?.head ?? null, config),
    order: { ...base, id, local: action },
    toplevel,
    undoes: null,
    blocked: held(hold),
    waits: null,
    revertForeign: modeOfClass(config.drift, "pointers") === "revert" && hold?.drift !== true,
    undoesBooted: undoesBooted(input, config.drift),
  };
}
