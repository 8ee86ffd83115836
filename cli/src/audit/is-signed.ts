/** PURE. Whether a key that the fleet trusts, or trusted, has signed a document of the log: then no controller made it up. */
import { ChimeraError } from "@chimera/proto/errors";
import { signersOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { WalkedChain } from "../documents/open-signed.ts";

const roleOf = { head: "publish", panic: "panic", order: "order" } as const;

/** Of a proposal one signature is enough. A key set that is proposed may be signed by its own root alone, which anybody may be: the chain says which of them count. */
export function isSignedBy(
  chain: WalkedChain,
  { kind, envelope }: { kind: string; envelope: Envelope | null },
): boolean {
  if (envelope === null || !isKnownKind(kind)) return true;
  try {
    return chain.some(({ set }) => signersOf(envelope, { kind, role: set.roles[roleOf[kind]] }).length > 0);
  } catch (error) {
    // Of another kind than the entry says, or too large to be one.
    if (error instanceof ChimeraError) return false;
    throw error;
  }
}

function isKnownKind(kind: string): kind is keyof typeof roleOf {
  return Object.hasOwn(roleOf, kind);
}
