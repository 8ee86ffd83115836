/** PURE. Users and groups as the closure declares them, in the three ways that NixOS has. */
import { z } from "zod";

export interface ExpectedUser {
  name: string;
  /** Null where the node gives it. */
  uid: number | null;
  /** By name, or a number. */
  group: string | null;
  home: string | null;
  shell: string | null;
}

export interface ExpectedGroup {
  name: string;
  gid: number | null;
  members: readonly string[];
}

export interface ExpectedAccounts {
  users: readonly ExpectedUser[];
  groups: readonly ExpectedGroup[];
  /** Others may be members of a declared group too. */
  isMutable: boolean;
}

const id = z.int().nullish();
const text = z.string().max(4096).nullish();

/** Of the users activation (users-groups.json) and of userborn (userborn.json): both say the same of these fields. */
const Declaration = z.object({
  mutableUsers: z.boolean().optional(),
  users: z
    .array(z.object({ name: z.string().max(256), uid: id, group: text, home: text, shell: text }))
    .max(100_000),
  groups: z
    .array(
      z.object({ name: z.string().max(256), gid: id, members: z.array(z.string().max(256)).max(100_000) }),
    )
    .max(100_000),
});

/** Null for what is no such declaration. */
export function readAccountsJson(json: unknown): ExpectedAccounts | null {
  const read = Declaration.safeParse(json);
  if (!read.success) return null;
  const { users, groups, mutableUsers = true } = read.data;
  return {
    users: users.map(({ name, uid, group, home, shell }) => ({
      name,
      uid: uid ?? null,
      group: group ?? null,
      home: home ?? null,
      shell: shell ?? null,
    })),
    groups: groups.map(({ name, gid, members }) => ({ name, gid: gid ?? null, members })),
    isMutable: mutableUsers,
  };
}

/** Lines of sysusers.d(5) as NixOS writes them: `u name uid:group "comment" home shell`, `g name gid`, `m user group`. */
export function readSysusers(lines: string): ExpectedAccounts {
  const rows = lines.split("\n").map((line) => line.match(/"[^"]*"|\S+/g) ?? []);
  const users = rows.flatMap(readSysuser);
  const named = rows.flatMap(
    ([type, name, other]) => (type === "g" ? name : type === "m" ? other : undefined) ?? [],
  );
  const groups = [...new Set(named)].map((name) => ({
    name,
    gid: numberOf(rows.find((row) => row[0] === "g" && row[1] === name)?.[2]),
    members: rows.flatMap(([type, user, group]) => (type === "m" && group === name && user ? [user] : [])),
  }));
  return { users, groups, isMutable: true };
}

function readSysuser([type, name, ids, , home, shell]: readonly string[]): ExpectedUser[] {
  if (name === undefined || (type !== "u" && type !== "u!")) return [];
  const [uid, group] = (ids ?? "").split(":");
  return [{ name, uid: numberOf(uid), group: group ?? null, home: plain(home), shell: plain(shell) }];
}

function numberOf(word: string | undefined): number | null {
  return word !== undefined && /^\d{1,10}$/.test(word) ? Number(word) : null;
}

function plain(word: string | undefined): string | null {
  return word === undefined || word === "-" ? null : word;
}

/** Where a closure says it: a store path in the text of its activation script or of userborn's unit. */
export function findDeclaration(script: string): string | null {
  return /\/nix\/store\/[0-9a-z]{32}-(?:users-groups|userborn)\.json\b/.exec(script)?.[0] ?? null;
}
