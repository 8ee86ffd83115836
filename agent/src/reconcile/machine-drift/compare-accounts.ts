/** PURE. The node's user database against what the closure declares. Whatever others added stays, but no second root. */
import type { DriftItem } from "@chimera/proto/drift";
import type { ExpectedAccounts, ExpectedGroup, ExpectedUser } from "./expected-accounts.ts";

interface FoundUser {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

interface FoundGroup {
  name: string;
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
  ];
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
  const path = `/etc/group#${wanted.name}`;
  const group = groups.get(wanted.name);
  const declared = groupText(wanted.gid, wanted.members);
  if (group === undefined) return [item(path, declared, null)];
  const missing = wanted.members.filter((name) => !group.members.includes(name));
  const added = isMutable ? [] : group.members.filter((name) => !wanted.members.includes(name));
  const isSameId = wanted.gid === null || wanted.gid === group.gid;
  if (isSameId && missing.length + added.length === 0) return [];
  return [item(path, declared, groupText(group.gid, group.members))];
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
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}

function readPasswd(text: string): FoundUser[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid, , home = "", shell = ""] = line.split(":");
    const ids = [uid, gid].map((id) => numeric(id ?? ""));
    const [foundUid, foundGid] = ids;
    if (name === undefined || name === "" || typeof foundUid !== "number" || typeof foundGid !== "number")
      return [];
    return [{ name, uid: foundUid, gid: foundGid, home, shell }];
  });
}

function readGroup(text: string): FoundGroup[] {
  return text.split("\n").flatMap((line) => {
    const [name, , id, members = ""] = line.split(":");
    const gid = numeric(id ?? "");
    if (name === undefined || name === "" || gid === null) return [];
    return [{ name, gid, members: members.split(",").filter((member) => member !== "") }];
  });
}
