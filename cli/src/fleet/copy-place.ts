/** PURE. Where a document stands in the order of its kind: what an operator's copy is named by. */
import { ChimeraError } from "@chimera/proto/errors";
import { parsePayload, payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { KeySet } from "@chimera/proto/signed/key-set";
import { Order } from "@chimera/proto/signed/order";
import { Panic } from "@chimera/proto/signed/panic";

export type CopyKind = "keys" | "head" | "panic" | "panic-ready" | "quarantine";

/** Of a document that was verified: epoch and serial, or the one number that its kind counts by. */
export function placeInCopy(kind: CopyKind, envelope: Envelope): number[] {
  switch (kind) {
    case "keys":
      return [parsePayload(payloadOf(envelope, "keys"), KeySet).version];
    case "head": {
      const { epoch, serial } = parsePayload(payloadOf(envelope, "head"), Head);
      return [epoch, serial];
    }
    case "panic":
    case "panic-ready": {
      const { epoch, serial } = parsePayload(payloadOf(envelope, "panic"), Panic);
      return [epoch, serial];
    }
    case "quarantine": {
      const { action } = parsePayload(payloadOf(envelope, "order"), Order);
      if (action.kind === "quarantine") return [action.serial];
      throw new ChimeraError("input-invalid", `a ${action.kind} where a quarantine list is due`);
    }
  }
}

/** As numbers, the first that differs decides. */
export function comparePlaces(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, i) => number !== b[i]);
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? 0);
}
