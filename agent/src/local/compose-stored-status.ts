/** PURE. What the agent's files say of a node, in the words of a running agent. */
import { newestOf, type AcceptedHead, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { LocalStatus } from "@chimera/proto/local-api";
import type { LocalState } from "@chimera/proto/local-order";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { Journal } from "../reconcile/journal.ts";
import { stateOf } from "../reconcile/state-of.ts";
import { activeLocalHold, activeLocalOrder } from "./merge-local.ts";
import { viewJournal, type BootTime } from "./view-journal.ts";

export interface Stored {
  node: NodeName | null;
  journal: Journal | null;
  trust: TrustState | null;
  local: LocalState;
  system: LocalStatus["system"];
  boot: BootTime;
  at: string;
  /** Never earlier than the newest signed document. */
  nowMs: number;
  unreadable: LocalStatus["unreadable"];
}

const maxShown = 64;

export function composeStoredStatus(stored: Stored): LocalStatus {
  const { journal, trust, local, nowMs } = stored;
  const place = trust === null ? null : (newestOf(trust)?.place ?? null);
  return {
    at: stored.at,
    node: stored.node,
    agent: null,
    state: stateOf(journal),
    waiting: { reason: "no-agent", detail: "no agent runs: this is what its files say" },
    system: stored.system,
    fetch: null,
    journal: journal === null ? null : viewJournal(journal, stored.boot),
    ...documentsOf(trust, journal),
    holds: { signed: signedHold(trust, nowMs), local: activeLocalHold(local, nowMs) },
    local: activeLocalOrder(local, { place, nowMs }),
    checks: [],
    problem: journal?.problem ?? null,
    unreadable: stored.unreadable,
  };
}

function documentsOf(
  trust: TrustState | null,
  journal: Journal | null,
): Pick<LocalStatus, "accepted" | "wanted" | "panic" | "quarantine"> {
  if (trust === null) return { accepted: null, wanted: null, panic: null, quarantine: [] };
  const { head, panic } = trust;
  return {
    accepted: acceptedOf(head),
    wanted: wantedOf(trust, journal),
    panic: panicOf(panic),
    quarantine: quarantineOf(trust),
  };
}

/** A way back that was begun is where it leads: what the rollout's record says now, and whether it counts, the files do not tell. */
function wantedOf({ head, panic, leaves }: TrustState, journal: Journal | null): StorePath | null {
  const ids = [head?.id, panic?.id];
  if (journal !== null && journal.order.rank > 0 && ids.includes(journal.order.id)) return journal.toplevel;
  if (panic !== null) return panic.target ?? null;
  return leaves.findLast((record) => record.head === head?.id)?.toplevel ?? null;
}

function acceptedOf(accepted: AcceptedHead | null): LocalStatus["accepted"] {
  if (accepted === null) return null;
  const { id, acceptedAt, head } = accepted;
  return { epoch: head.epoch, serial: head.serial, id, world: head.world, acceptedAt };
}

function panicOf(accepted: TrustState["panic"]): LocalStatus["panic"] {
  if (accepted === null) return null;
  const { id, acceptedAt, panic } = accepted;
  return { epoch: panic.epoch, serial: panic.serial, id, acceptedAt };
}

function signedHold(trust: TrustState | null, nowMs: number): LocalStatus["holds"]["signed"] {
  const hold = trust?.hold ?? null;
  return hold === null || nowMs > Date.parse(hold.until) ? null : hold;
}

function quarantineOf(trust: TrustState): StorePath[] {
  const here = trust.quarantinedHere.map(({ toplevel }) => toplevel);
  return [...new Set([...here, ...(trust.quarantine?.toplevels ?? [])])].slice(0, maxShown);
}
