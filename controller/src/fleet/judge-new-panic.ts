/** PURE. Whether the controller stores a panic: the nodes' own rules, and that its world is one to go back to. */
import { acceptPanic } from "@chimera/proto/acceptance/accept-panic";
import type { StoredPanic } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { controllerBench } from "./controller-bench.ts";
import { standingPanic, type FleetDocuments } from "./fleet-documents.ts";

export interface PanicSurroundings {
  documents: FleetDocuments;
  /** Whether a head ordered the world that it goes back to, or it was uploaded. */
  isKnown: boolean;
  nowMs: number;
}

export type NewPanicVerdict =
  | { kind: "store" }
  /** It, or another one that undoes the same head for the same world. */
  | { kind: "stored-already"; panic: StoredPanic }
  | { kind: "refuse"; code: ErrorCode; reason: string };

export function judgeNewPanic(
  envelope: Envelope,
  { documents, isKnown, nowMs }: PanicSurroundings,
): NewPanicVerdict {
  const verdict = acceptPanic(controllerBench(documents, nowMs), envelope, null);
  switch (verdict.kind) {
    case "refused":
      return { kind: "refuse", code: verdict.code, reason: verdict.reason };
    case "needs-head":
      return voidFor(`it undoes head ${shortDigest(verdict.id)}, which is not the newest of the store`);
    case "needs-leaf":
    case "known":
    case "accepted":
      break;
  }
  const standing = standingPanic(documents);
  if (standing !== null) return { kind: "stored-already", panic: standing };
  if (isKnown) return { kind: "store" };
  return {
    kind: "refuse",
    code: "world-unknown",
    reason: "the world to go back to was neither ordered by a head nor uploaded",
  };
}

function voidFor(reason: string): NewPanicVerdict {
  return { kind: "refuse", code: "panic-void", reason };
}
