/** SHELL. A user or a group, as /etc/passwd#NAME or /etc/group#NAME: what the closure declares of it. */
import type { EntryFacts } from "@chimera/proto/drift";
import { compareAccounts } from "../../../reconcile/machine-drift/compare-accounts.ts";
import type { ExpectedAccounts } from "../../../reconcile/machine-drift/expected-accounts.ts";
import { readDeclaredAccounts } from "../../machine-drift/accounts-source.ts";
import { readSmallFile } from "../../read-small-file.ts";
import { openNow, whileOurs, type MachineSight } from "./machine-sight.ts";
import { managed, notManaged, type Sighted, type Viewer } from "./view.ts";

const databaseBytes = 8 * 1024 * 1024;
const told = "accounts are never changed: mend it by hand, or deploy again";

export function createAccountsViewer(sight: MachineSight): Viewer {
  return async (path) => {
    const asked = accountOf(path);
    return asked === null
      ? null
      : whileOurs(sight, "accounts", (toplevel) => viewAccount(sight, path, { ...asked, toplevel }));
  };
}

async function viewAccount(
  sight: MachineSight,
  path: string,
  { toplevel, ...asked }: Account & { toplevel: string },
): Promise<Sighted> {
  const declared = await readDeclaredAccounts(toplevel);
  const database = async (name: string) =>
    (await readSmallFile(`${sight.places.etc}/${name}`, databaseBytes)) ?? "";
  const now = accountNow(asked, await database(asked.kind === "user" ? "passwd" : "group"));
  const { open } = await openNow(sight, path, "accounts");
  const expected = expectedOf(asked, declared?.accounts ?? null, await database("group"));
  const entry = declared?.file ?? toplevel;
  if (expected !== null) {
    const because = "the closure declares it";
    return managed("accounts", { toplevel, entry, expected, because, open, now, told });
  }
  if (open !== null) {
    const because = "it has uid 0, and the closure declares no such user";
    return managed("accounts", { toplevel, entry, expected: open.expected, because, open, now, told });
  }
  const because = "the closure declares no such account, and those of others are left alone";
  return notManaged("accounts", { kind: "undeclared", because }, now);
}

interface Account {
  kind: "user" | "group";
  name: string;
}

function accountOf(path: string): Account | null {
  const [, file, name] = /^\/etc\/(passwd|group)#([^/]{1,256})$/.exec(path) ?? [];
  if (file === undefined || name === undefined) return null;
  return { kind: file === "passwd" ? "user" : "group", name };
}

/** As an event would say it of an account that is gone. Null for one that is not declared. */
function expectedOf(asked: Account, declared: ExpectedAccounts | null, group: string): EntryFacts | null {
  const { users = [], groups = [], isMutable = true } = declared ?? {};
  const isAsked = ({ name }: { name: string }): boolean => name === asked.name;
  const only =
    asked.kind === "user"
      ? { users: users.filter(isAsked), groups: [], isMutable }
      : { users: [], groups: groups.filter(isAsked), isMutable };
  const [gone] = compareAccounts(only, { passwd: "", group: asked.kind === "user" ? group : "" });
  return gone?.expected ?? null;
}

/** As events say it; what might be a password is no part of it. */
function accountNow({ kind, name }: Account, database: string): EntryFacts {
  const line = database.split("\n").find((one) => one.startsWith(`${name}:`));
  if (line === undefined) return { type: "missing" };
  const fields = line.split(":");
  const [, , id, gid, , home, shell] = fields;
  const members = fields[3] || "none";
  const text =
    kind === "user" ? `uid ${id} gid ${gid} home ${home} shell ${shell}` : `gid ${id} members ${members}`;
  return { type: "other", text: text.slice(0, 1024) };
}
