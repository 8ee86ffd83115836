/** PURE. The roles of a key set: who may sign what, how many must, and which of the keys are at hand. */
import { keyRoles, type KeySet } from "@chimera/proto/signed/key-set";
import { publicKeyName } from "@chimera/proto/signed/keys";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";

/** Renewing takes as long as it takes to find root. */
const soonDays = 30;

export interface ListedRole {
  role: string;
  threshold: number;
  keys: { name: string; publicKey: string; /** File, or ssh-agent. */ here: string | null }[];
}

export function listedRoles({ roles }: KeySet, whereIs: (publicKey: string) => string | null): ListedRole[] {
  return keyRoles.flatMap((role) => {
    const given = roles[role];
    if (given === undefined) return [];
    const keys = given.keys.map((key) => ({ name: publicKeyName(key), publicKey: key, here: whereIs(key) }));
    return [{ role, threshold: given.threshold, keys }];
  });
}

export function keySetText(
  set: KeySet,
  { roles, daysLeft }: { roles: readonly ListedRole[]; daysLeft: number },
  paint: Paint,
): string {
  const until = `until ${set.expires.slice(0, 10)}`;
  const expiry =
    daysLeft < 0
      ? paint("red", `expired ${-daysLeft} days ago: no node takes a head (chimera keys renew)`)
      : daysLeft < soonDays
        ? paint("yellow", `${until}, ${daysLeft} days: chimera keys renew`)
        : until;
  const rows = roles.flatMap(({ role, threshold, keys }) =>
    keys.map(({ publicKey, here }, i) => [
      i === 0 ? role : "",
      i === 0 ? `${threshold} of ${keys.length}` : "",
      here === null ? "-" : printableLine(here),
      publicKey,
    ]),
  );
  const head = `key set ${set.version}, epoch ${set.epoch}, ${expiry}\n`;
  return `${head}\n${table(["ROLE", "NEEDS", "HERE", "PUBLIC KEY"], rows, paint)}`;
}
