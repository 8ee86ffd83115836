/** PURE. What the fleet's online key says of the log: a memory, or why there is none. */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openFresh, type Fresh } from "@chimera/proto/signed/fresh";
import { roleKeys, type KeySet } from "@chimera/proto/signed/key-set";
import type { AuditFinding } from "./check-log.ts";
import type { Memory } from "./compare-memories.ts";

export interface SignedWord {
  memory: Memory | null;
  /** When it was said; null where nothing is said. */
  at: string | null;
  findings: AuditFinding[];
}

export function signedWord(envelope: Envelope | null, set: KeySet, fleetId: FleetId): SignedWord {
  if (set.roles.fresh === undefined || envelope === null) return { memory: null, at: null, findings: [] };
  const opened = openWord(envelope, set, fleetId);
  if (typeof opened === "string") {
    const what = `the newest word of freshness is not the online key's: ${opened}`;
    return { memory: null, at: null, findings: [{ index: null, what }] };
  }
  const { at, audit } = opened;
  const memory =
    audit === undefined ? null : { who: "the online key", kind: "signed" as const, ...audit, at };
  return { memory, at, findings: [] };
}

function openWord(envelope: Envelope, set: KeySet, fleetId: FleetId): Fresh | string {
  try {
    const { fresh } = openFresh(envelope, roleKeys(set, "fresh"));
    return fresh.fleetId === fleetId ? fresh : `it is for fleet ${fresh.fleetId}`;
  } catch (error) {
    if (error instanceof ChimeraError) return errorChain(error);
    throw error;
  }
}
