/** PURE but for key generation. The keys of a new fleet, and key set 1, whose SHA-256 is the fleet's id. */
import { canonicalBytes, sha256 } from "@chimera/proto/signed/canonical";
import { sealBytes, type Envelope } from "@chimera/proto/signed/envelope";
import { KeySet, type KeyRole } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type PublicKeyText } from "@chimera/proto/signed/keys";
import { FleetId } from "@chimera/proto/names";

/** Roles that get a key of their own; `cache` is Nix's, not in the key set. */
export const fleetKeys = ["root", "publish", "panic", "order", "cache"] as const;

export interface NewFleet {
  fleetId: FleetId;
  keySet: Envelope;
  keys: Record<(typeof fleetKeys)[number], { secret: string; public: PublicKeyText }>;
}

export function newFleet(name: string, expires: string): NewFleet {
  const keys = {
    root: generateKey(`${name}-root`),
    publish: generateKey(`${name}-publish`),
    panic: generateKey(`${name}-panic`),
    order: generateKey(`${name}-order`),
    cache: generateKey(`${name}-cache`),
  };
  const one = (role: Exclude<KeyRole, "certify">) => ({ keys: [keys[role].public], threshold: 1 });
  const roles = { root: one("root"), publish: one("publish"), panic: one("panic"), order: one("order") };
  const payload = canonicalBytes(KeySet.parse({ v: 1, kind: "keys", epoch: 0, version: 1, expires, roles }));
  return {
    fleetId: FleetId.parse(sha256(payload)),
    keySet: sealBytes("keys", payload, [parseSecretKey(keys.root.secret)]),
    keys,
  };
}
