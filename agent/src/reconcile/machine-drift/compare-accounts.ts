/** PURE. The node's user database against what the closure declares. Whatever others added stays, but no second root. */
import type { DriftItem } from "@chimera/proto/drift";
import { isPlainId, readAccountId } from "./account-id.ts";
import type { ExpectedAccounts, ExpectedGroup, ExpectedUser } from "./expected-accounts.ts";

interface FoundUser {
  name: string;
  /** As they are written; null where that is the usual way. */
  odd: string | null;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

export interface FoundGroup {
  name: string;
  odd: string | null;
  gid: number;
  members: string[];
}

const shownChars = 1024;

/** `declared` is null where the closure says nothing that is understood: then only a second root is looked for. */
export function compareAccounts(
  declared: ExpectedAccounts | null,
  { passwd, group }: { passwd: string; group: string },
): DriftItem[] {
  const [users, groups] = [readPasswd(passwd), readGroup(group)];
  const gids = new Map(groups.toReversed().map(({ name, gid }) => [name, gid]));
  const found = { users: byName(users), groups: byName(groups), gids };
  return [
    ...secondRoots(declared, users),
    ...(declared?.users ?? []).flatMap((user) => compareUser(user, found)),
    ...(declared?.groups ?? []).flatMap((wanted) => compareGroup(wanted, found, declared?.isMutable ?? true)),
    ...users.flatMap((user) =>
      oddItem(`/etc/passwd#${user.name}`, `uid ${user.uid} gid ${user.gid}`, user.odd),
    ),
    ...groups.flatMap(({ name, gid, odd }) => oddItem(`/etc/group#${name}`, `gid ${gid}`, odd)),
  ];
}

/** Who writes a number in another way than all tools do hides it from somebody. */
function oddItem(path: string, expected: string, odd: string | null): DriftItem[] {
  return odd === null ? [] : [item(path, expected, `written as ${odd}`)];
}

interface Found {
  users: ReadonlyMap<string, FoundUser>;
  groups: ReadonlyMap<string, FoundGroup>;
  gids: ReadonlyMap<string, number>;
}

/** Of two lines with one name the first counts, as for getpwnam(3). */
function byName<T extends { name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.toReversed().map((entry) => [entry.name, entry]));
}

function secondRoots(declared: ExpectedAccounts | null, users: readonly FoundUser[]): DriftItem[] {
  const rightful = new Set([
    "root",
    ...(declared?.users ?? []).flatMap(({ name, uid }) => (uid === 0 ? [name] : [])),
  ]);
  const others = users.filter(({ name, uid }) => uid === 0 && !rightful.has(name));
  return others.map((user) => item(`/etc/passwd#${user.name}`, null, userText(user)));
}

function compareUser(wanted: ExpectedUser, { users, gids }: Found): DriftItem[] {
  const path = `/etc/passwd#${wanted.name}`;
  const user = users.get(wanted.name);
  const gid = wanted.group === null ? null : (gids.get(wanted.group) ?? numeric(wanted.group));
  if (user === undefined) return [item(path, userText({ ...wanted, gid }), null)];
  const expected = {
    uid: wanted.uid ?? user.uid,
    gid: gid ?? user.gid,
    home: wanted.home ?? user.home,
    shell: wanted.shell ?? user.shell,
  };
  const [declared, found] = [userText(expected), userText(user)];
  return declared === found ? [] : [item(path, declared, found)];
}

function compareGroup(wanted: ExpectedGroup, { groups }: Found, isMutable: boolean): DriftItem[] {
  const group = groups.get(wanted.name);
  if (group === undefined)
    return [item(`/etc/group#${wanted.name}`, groupText(wanted.gid, wanted.members), null)];
  const missing = wanted.members.filter((name) => !group.members.includes(name));
  const added = isMutable ? [] : group.members.filter((name) => !wanted.members.includes(name));
  const isSameId = wanted.gid === null || wanted.gid === group.gid;
  if (isSameId && missing.length + added.length === 0) return [];
  return [groupItem(wanted, group)];
}

export function groupItem(expected: ExpectedGroup, found: FoundGroup): DriftItem {
  const declared = groupText(expected.gid, expected.members);
  return item(`/etc/group#${found.name}`, declared, groupText(found.gid, found.members));
}

function item(path: string, expected: string | null, found: string | null): DriftItem {
  return { path: path.slice(0, 4096), kind: "account", expected: side(expected), found: side(found) };
}

function side(text: string | null): DriftItem["found"] {
  return text === null ? { type: "missing" } : { type: "other", text: text.slice(0, shownChars) };
}

function userText({
  uid,
  gid,
  home,
  shell,
}: Partial<Record<"uid" | "gid" | "home" | "shell", number | string | null>>): string {
  return `uid ${uid ?? "any"} gid ${gid ?? "any"} home ${home ?? "any"} shell ${shell ?? "any"}`;
}

function groupText(gid: number | null, members: readonly string[]): string {
  return `gid ${gid ?? "any"} members ${members.toSorted().join(",") || "none"}`;
}

function numeric(text: string): number | null {
  return isPlainId(text) ? Number(text) : null;
}

/** The lines that the C library takes for entries: it passes over blanks before them, and over notes. */
function linesOf(text: string): { fields: string[]; isIndented: boolean }[] {
  return text.split("\n").flatMap((line) => {
    const plain = line.replace(/^[ \t\v\f\r]+/, "");
    return plain === "" || plain.startsWith("#")
      ? []
      : [{ fields: plain.split(":"), isIndented: plain !== line }];
  });
}

/** Null where nothing of it is unusual. */
function oddSpelling(ids: readonly string[], isIndented: boolean): string | null {
  if (ids.every(isPlainId) && !isIndented) return null;
  return `${ids.map((id) => JSON.stringify(id)).join(" ")}${isIndented ? ", with blanks before the name" : ""}`;
}

function readPasswd(text: string): FoundUser[] {
  return linesOf(text).flatMap(({ fields, isIndented }) => {
    const [name = "", , uidText = "", gidText = "", , home = "", shell = ""] = fields;
    const [uid, gid] = [readAccountId(uidText), readAccountId(gidText)];
    if (name === "" || uid === null || gid === null) return [];
    return [{ name, uid, gid, home, shell, odd: oddSpelling([uidText, gidText], isIndented) }];
  });
}

export function readGroup(text: string): FoundGroup[] {
  return linesOf(text).flatMap(({ fields, isIndented }) => {
    const [name = "", , idText = "", members = ""] = fields;
    const gid = readAccountId(idText);
    if (name === "" || gid === null) return [];
    const listed = members.split(",").filter((member) => member !== "");
    return [{ name, gid, members: listed, odd: oddSpelling([idText], isIndented) }];
  });
}
