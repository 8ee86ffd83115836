/** PURE. Whether a system that was booted in the place of the default is undone at once, and not left until the next order. */
import { isQuarantined, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { LocalState } from "@chimera/proto/local-order";
import type { AgentConfig } from "../config.ts";
import type { Journal } from "../reconcile/journal.ts";

export interface BootedSight {
  state: TrustState | null;
  local: LocalState;
  journal: Journal | null;
}

/** By the node's module; where root lets the node go on in this boot; and what is in quarantine is nobody's to run. */
export function undoesBooted(
  { state, local, journal }: BootedSight,
  { bootedOther }: Pick<AgentConfig["drift"], "bootedOther">,
): boolean {
  const booted = journal?.foreign.booted ?? null;
  if (journal === null || booted === null) return false;
  if (bootedOther === "revert") return true;
  return local.goesOnIn === journal.bootId || (state !== null && isQuarantined(state, booted));
}
