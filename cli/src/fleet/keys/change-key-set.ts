/** PURE. The key set that follows, by one change. What would lock the fleet out is refused before anybody signs it. */
import { ChimeraError } from "@chimera/proto/errors";
import { KeySet, type KeyRole, type OpenedKeySet } from "@chimera/proto/signed/key-set";
import { publicKeyBytes, publicKeyName, type PublicKeyText } from "@chimera/proto/signed/keys";
import { z } from "zod";

export type KeyChange =
  | { kind: "add"; role: KeyRole; key: PublicKeyText; threshold: number | undefined }
  | { kind: "remove"; role: KeyRole; name: string; threshold: number | undefined }
  | { kind: "rotate"; role: KeyRole; from: string; to: PublicKeyText }
  | { kind: "renew"; newEpoch: boolean };

export interface ChangeTimes {
  /** ISO time; undefined leaves it as it is. */
  expires: string | undefined;
  nowMs: number;
}

/** Roles that a fleet may have nobody for. */
const optionalRoles: ReadonlySet<KeyRole> = new Set(["certify", "fresh"]);

interface Role {
  keys: PublicKeyText[];
  threshold: number;
}

/** Throws usage with what is wrong with the change. */
export function nextKeySet(
  { set, fleetId }: OpenedKeySet,
  change: KeyChange,
  { expires, nowMs }: ChangeTimes,
): KeySet {
  const next = {
    ...set,
    fleetId,
    version: set.version + 1,
    epoch: set.epoch + (change.kind === "renew" && change.newEpoch ? 1 : 0),
    expires: expires ?? set.expires,
    roles: change.kind === "renew" ? set.roles : changedRoles(set, change),
  };
  if (Date.parse(next.expires) <= nowMs) {
    throw refusal(`the new key set would have expired already (${next.expires}): say --expires-days`);
  }
  const parsed = KeySet.safeParse(next);
  if (parsed.success) return parsed.data;
  throw refusal(`the new key set is none: ${z.prettifyError(parsed.error)}`);
}

function changedRoles({ roles }: KeySet, change: Exclude<KeyChange, { kind: "renew" }>): object {
  const { role } = change;
  const before = roles[role] ?? { keys: [], threshold: 1 };
  const after = changedRole(before, change);
  if (after.keys.length === 0) {
    if (!optionalRoles.has(role)) throw refusal(`nobody would be left for the role ${role}`);
    return { ...roles, [role]: undefined };
  }
  if (after.threshold > after.keys.length) {
    throw refusal(
      `the role ${role} would need ${after.threshold} signatures of ${after.keys.length} keys: say --threshold`,
    );
  }
  return { ...roles, [role]: after };
}

function changedRole(before: Role, change: Exclude<KeyChange, { kind: "renew" }>): Role {
  switch (change.kind) {
    case "add":
      return {
        keys: [...before.keys, newKey(before, change.key, change.role)],
        threshold: change.threshold ?? before.threshold,
      };
    case "remove":
      return {
        keys: without(before, change.name, change.role).keys,
        threshold: change.threshold ?? before.threshold,
      };
    case "rotate": {
      const rest = without(before, change.from, change.role);
      const to = newKey(before, change.to, change.role);
      // In the same place: a diff then shows what was exchanged for what.
      return {
        keys: before.keys.map((key) => (rest.removed === key ? to : key)),
        threshold: before.threshold,
      };
    }
  }
}

function without(
  { keys }: Role,
  name: string,
  role: KeyRole,
): { keys: PublicKeyText[]; removed: PublicKeyText } {
  const removed = keys.find((key) => publicKeyName(key) === name);
  if (removed !== undefined) return { keys: keys.filter((key) => key !== removed), removed };
  const names = keys.map((key) => publicKeyName(key)).join(", ") || "nobody";
  throw refusal(`the role ${role} has no key "${name}" (it has: ${names})`);
}

/** One key under two names would count once, two keys under one name could not be told apart. */
function newKey({ keys }: Role, key: PublicKeyText, role: KeyRole): PublicKeyText {
  const bytes = publicKeyBytes(key);
  const same = keys.find((other) => publicKeyBytes(other).equals(bytes));
  if (same !== undefined) throw refusal(`the role ${role} has that key already, as "${publicKeyName(same)}"`);
  const name = publicKeyName(key);
  if (keys.every((other) => publicKeyName(other) !== name)) return key;
  throw refusal(`the role ${role} has another key named "${name}": give the new one a name of its own`);
}

function refusal(text: string): ChimeraError {
  return new ChimeraError("usage", text);
}
