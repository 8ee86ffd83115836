/**
 * PURE. Which heads of the history are genuine: those of the newest key set, and those that a genuine one follows. Each head
 * names its predecessor by hash, so a key that was retired since does not make what it signed foreign, nor new heads genuine.
 */
import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { parsePayload, payloadOf } from "@chimera/proto/signed/envelope";
import { Panic } from "@chimera/proto/signed/panic";
import { verifyHead, type Trust } from "./verify-documents.ts";

/** `heads` newest first; the heads as they were signed, undefined for one that is not genuine or was stored otherwise. */
export function genuineHeads(
  heads: readonly StoredHead[],
  panic: StoredPanic | null,
  trust: Trust,
): (StoredHead | undefined)[] {
  const known = new Set<Digest>(trust.known);
  return heads.map((stored) => {
    const verified = orUndefined(() => verifyHead(stored, { ...trust, known }));
    if (verified === undefined) return undefined;
    const { previous } = verified.head;
    if (previous !== null) known.add(previous);
    const undone = previous === null ? undefined : orUndefined(() => undoneBy(panic, previous));
    if (undone !== undefined) known.add(undone);
    const asSigned = JSON.stringify(verified.head) === JSON.stringify(stored.head);
    return asSigned ? { ...stored, head: verified.head } : undefined;
  });
}

/** A head may follow a panic, which in turn names the head that it undid. */
function undoneBy(panic: StoredPanic | null, previous: Digest): Digest | undefined {
  if (panic === null || panic.id !== previous) return undefined;
  const payload = payloadOf(panic.envelope, "panic");
  return sha256(payload) === previous ? parsePayload(payload, Panic).undoes : undefined;
}

function orUndefined<T>(verify: () => T): T | undefined {
  try {
    return verify();
  } catch (error) {
    if (error instanceof ChimeraError) return undefined;
    throw error;
  }
}
