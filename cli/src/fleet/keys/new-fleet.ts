/** PURE but for key generation. The keys of a new fleet, and key set 1, whose SHA-256 is the fleet's id. */
import { ChimeraError } from "@chimera/proto/errors";
import { canonicalBytes, sha256 } from "@chimera/proto/signed/canonical";
import { RoleKeys, sealBytes, type Envelope } from "@chimera/proto/signed/envelope";
import { KeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type PublicKeyText } from "@chimera/proto/signed/keys";
import { FleetId } from "@chimera/proto/names";
import { z } from "zod";

/** Keys that are made for a new fleet; `cache` is Nix's, not in the key set. */
export const fleetKeyNames = ["root", "publish", "panic", "order", "fresh", "cache"] as const;
type FleetKeyName = (typeof fleetKeyNames)[number];

/** Keys of other people in a role, and how many of all must sign. */
interface SharedRole {
  keys: readonly PublicKeyText[];
  threshold: number;
}

export interface NewFleetOptions {
  name: string;
  expires: string;
  root: SharedRole;
  publish: SharedRole;
}

export interface NewFleet {
  fleetId: FleetId;
  /** Complete only when one root signature is enough. */
  keySet: Envelope;
  set: KeySet;
  keys: Record<FleetKeyName, { secret: string; public: PublicKeyText }>;
}

export function newFleet({ name, expires, root, publish }: NewFleetOptions): NewFleet {
  const keys = {
    root: generateKey(`${name}-root`),
    publish: generateKey(`${name}-publish`),
    panic: generateKey(`${name}-panic`),
    order: generateKey(`${name}-order`),
    fresh: generateKey(`${name}-fresh`),
    cache: generateKey(`${name}-cache`),
  };
  const one = (role: "panic" | "order" | "fresh") => ({ keys: [keys[role].public], threshold: 1 });
  const roles = {
    root: sharedRole("root", keys.root.public, root),
    publish: sharedRole("publish", keys.publish.public, publish),
    panic: one("panic"),
    order: one("order"),
    fresh: one("fresh"),
  };
  const set = KeySet.parse({ v: 1, kind: "keys", epoch: 0, version: 1, expires, roles });
  const payload = canonicalBytes(set);
  return {
    fleetId: FleetId.parse(sha256(payload)),
    keySet: sealBytes("keys", payload, [parseSecretKey(keys.root.secret)]),
    set,
    keys,
  };
}

function sharedRole(role: "root" | "publish", own: PublicKeyText, { keys, threshold }: SharedRole): RoleKeys {
  const result = RoleKeys.safeParse({ keys: [own, ...keys], threshold });
  if (result.success) return result.data;
  throw new ChimeraError("usage", `--${role}-threshold: ${z.prettifyError(result.error)}`);
}
