/** PURE. What the controller stored, against the fleet's newest key set: its own words count for nothing. */
import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import {
  parsePayload,
  payloadOf,
  requireSigners,
  type DocumentKind,
  type Envelope,
  type RoleKeys,
} from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { Panic } from "@chimera/proto/signed/panic";
import type { z } from "zod";

export interface Trust {
  fleetId: FleetId;
  /** Of the newest key set. */
  roles: KeySet["roles"];
  /**
   * Documents that were verified before, by this operator or by whoever signed a later one on top of them: a key that was
   * retired since does not make them foreign.
   */
  known: ReadonlySet<Digest>;
}

export interface VerifiedHead {
  head: Head;
  id: Digest;
  envelope: Envelope;
}

export interface VerifiedPanic {
  panic: Panic;
  id: Digest;
  envelope: Envelope;
}

export function verifyHead(
  { id, envelope }: Pick<StoredHead, "id" | "envelope">,
  trust: Trust,
): VerifiedHead {
  const head = verify({ id, envelope, kind: "head" }, { ...trust, role: trust.roles.publish }, Head);
  return { head, id, envelope };
}

export function verifyPanic(
  { id, envelope }: Pick<StoredPanic, "id" | "envelope">,
  trust: Trust,
): VerifiedPanic {
  const panic = verify({ id, envelope, kind: "panic" }, { ...trust, role: trust.roles.panic }, Panic);
  return { panic, id, envelope };
}

interface Stored {
  kind: DocumentKind;
  id: Digest;
  envelope: Envelope;
}

function verify<T extends { fleetId: FleetId }>(
  { kind, id, envelope }: Stored,
  { fleetId, known, role }: Trust & { role: RoleKeys },
  schema: z.ZodType<T>,
): T {
  const payload = payloadOf(envelope, kind);
  const found = sha256(payload);
  if (found !== id) throw new ChimeraError("hash-mismatch", `${kind} ${id} has the bytes of ${found}`);
  if (!known.has(id)) requireRole(envelope, { kind, role, id });
  const message = parsePayload(payload, schema);
  if (message.fleetId === fleetId) return message;
  throw new ChimeraError("fleet-mismatch", `${kind} ${id} is of fleet ${message.fleetId}, not of ${fleetId}`);
}

function requireRole(
  envelope: Envelope,
  { kind, role, id }: { kind: DocumentKind; role: RoleKeys; id: Digest },
): void {
  try {
    requireSigners(envelope, { kind, role });
  } catch (cause) {
    throw new ChimeraError(
      "signature-invalid",
      `the controller's newest ${kind} ${id} is not signed as the newest key set wants it; where a key was retired since, compare that id with a colleague's, then say once --trust-head ${id}`,
      { cause },
    );
  }
}
