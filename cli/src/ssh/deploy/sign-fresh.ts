/**
 * SHELL. A word of freshness by the controller's online key, in the place of a controller that is gone: nodes that have heard
 * none for long take no new head, whoever brings it.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { seal } from "@chimera/proto/signed/envelope";
import { Fresh } from "@chimera/proto/signed/fresh";
import { roleKeys, type KeySet } from "@chimera/proto/signed/key-set";
import { publicKeyBytes, publicKeyName } from "@chimera/proto/signed/keys";
import type { Digest } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import { readSigner } from "../../secret-file.ts";

/** Null where no key was named. Throws signature-invalid for a key that is not the fleet's. */
export async function signFresh(
  keyFile: string | undefined,
  { keySet, head, id, nowMs }: { keySet: KeySet; head: Head; id: Digest; nowMs: number },
): Promise<Envelope | null> {
  if (keyFile === undefined) return null;
  const signer = await readSigner(keyFile, "fresh key file");
  const { keys } = roleKeys(keySet, "fresh");
  const own = keys.find((key) => publicKeyBytes(key).equals(publicKeyBytes(signer.publicKey)));
  if (own === undefined) {
    const names = keys.map(publicKeyName).join(", ");
    throw new ChimeraError(
      "signature-invalid",
      `${keyFile} is not the online key of key set ${keySet.version}: ${names}`,
    );
  }
  const { fleetId, epoch, serial } = head;
  const at = new Date(nowMs).toISOString();
  const fresh = Fresh.parse({ v: 1, kind: "fresh", fleetId, head: { epoch, serial, id }, revision: 0, at });
  return seal("fresh", fresh, [{ ...signer, name: publicKeyName(own) }]);
}
