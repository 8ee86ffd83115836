/**
 * PURE. The nodes' own bench of judgement, set up with what the store holds: what they would refuse is refused by the
 * same code before it is stored. It knows no leaf and no freshness: those are each node's own matter.
 */
import { initialTrust, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Bench } from "@chimera/proto/acceptance/verdict";
import { NodeName } from "@chimera/proto/names";
import { maxExecSessions } from "@chimera/proto/sessions/session-order";
import { PublicKeyText } from "@chimera/proto/signed/keys";
import { standingPanic, type FleetDocuments } from "./fleet-documents.ts";

/** Judges of leaves ask for these; there is none here. */
const nobody = NodeName.parse("controller");
const noKey = PublicKeyText.parse(`none:${Buffer.alloc(32).toString("base64")}`);
const noProof = { leaf: "", index: 0, size: 1, path: [] };

export function controllerBench(documents: FleetDocuments, nowMs: number): Bench {
  const { keys } = documents;
  const judge = {
    node: nobody,
    nodeKey: noKey,
    nowMs,
    freshSeconds: Infinity,
    // Whether orders may run something is each node's own matter too.
    execRoom: maxExecSessions,
  };
  return { state: trustOf(documents), keys, judge };
}

function trustOf(documents: FleetDocuments): TrustState {
  const { keys, heads, panicAliases } = documents;
  const [head] = heads;
  const panic = standingPanic(documents);
  return {
    ...initialTrust(keys.envelope, keys.fleetId),
    head:
      head === undefined
        ? null
        : {
            id: head.id,
            acceptedAt: head.storedAt,
            head: head.head,
            envelope: head.envelope,
            proof: noProof,
          },
    panic:
      panic === null
        ? null
        : {
            id: panic.id,
            aliases: panicAliases,
            acceptedAt: panic.storedAt,
            panic: panic.panic,
            envelope: panic.envelope,
          },
  };
}
