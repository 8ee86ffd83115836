/** PURE. What the controller stored, against the fleet's newest key set: its own words count for nothing. */
import type { StoredHead, StoredPanic } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import {
  parsePayload,
  payloadOf,
  requireSigners,
  signersOf,
  type Envelope,
  type RoleKeys,
} from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { Panic } from "@chimera/proto/signed/panic";
import type { z } from "zod";
import type { WalkedChain } from "../documents/open-signed.ts";

export interface Trust {
  fleetId: FleetId;
  /** Of the newest key set. */
  roles: KeySet["roles"];
  /** First to newest. */
  chain: WalkedChain;
  /**
   * Documents that were verified before, by this operator or by whoever signed a later one on top of them: a key that was
   * retired since does not make them foreign.
   */
  known: ReadonlySet<Digest>;
  /** A document of retired keys that a person has compared: it still must be by keys that this fleet once had. */
  vouched: Digest | undefined;
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
  kind: "head" | "panic";
  id: Digest;
  envelope: Envelope;
}

function verify<T extends { fleetId: FleetId }>(
  { kind, id, envelope }: Stored,
  trust: Trust & { role: RoleKeys },
  schema: z.ZodType<T>,
): T {
  const payload = payloadOf(envelope, kind);
  const found = sha256(payload);
  if (found !== id) throw new ChimeraError("hash-mismatch", `${kind} ${id} has the bytes of ${found}`);
  if (!trust.known.has(id)) requireRole({ kind, id, envelope }, trust);
  const message = parsePayload(payload, schema);
  const { fleetId } = trust;
  if (message.fleetId === fleetId) return message;
  throw new ChimeraError("fleet-mismatch", `${kind} ${id} is of fleet ${message.fleetId}, not of ${fleetId}`);
}

function requireRole(
  { kind, id, envelope }: Stored,
  { role, chain, vouched }: Trust & { role: RoleKeys },
): void {
  try {
    requireSigners(envelope, { kind, role });
  } catch (cause) {
    const keySet = retiredKeySet({ kind, id, envelope }, chain);
    if (keySet !== undefined && vouched === id) return;
    throw new ChimeraError(
      "signature-invalid",
      keySet === undefined ? madeUp(kind, id) : retired(kind, id, keySet),
      {
        cause,
      },
    );
  }
}

/** Version of the newest key set by whose keys it is signed. */
function retiredKeySet({ kind, envelope }: Stored, chain: WalkedChain): number | undefined {
  return chain.findLast(({ set: { roles } }) => {
    const role = roles[kind === "head" ? "publish" : "panic"];
    return signersOf(envelope, { kind, role }).length >= role.threshold;
  })?.set.version;
}

function madeUp(kind: string, id: Digest): string {
  return `the controller's newest ${kind} ${id} is signed by no key set that this fleet ever had: somebody made it up`;
}

function retired(kind: string, id: Digest, keySet: number): string {
  return (
    `the controller's newest ${kind} ${id} is signed as key set ${keySet} wanted it, not as the newest one does: whoever has ` +
    `a key that was retired since can have made it. Ask a colleague, not the controller, which one is the newest; if it is ` +
    `this one: chimera status --trust-head ${id}`
  );
}
