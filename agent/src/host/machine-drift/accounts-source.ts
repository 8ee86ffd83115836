/** SHELL. Users and groups: read where the closure declares them, and compared with the node's own database. Only told. */
import type { DriftItem } from "@chimera/proto/drift";
import { closeSync, constants, openSync, realpathSync } from "node:fs";
import { isOwnTrouble } from "../../reconcile/drift/own-trouble.ts";
import { addedMembers } from "../../reconcile/machine-drift/added-members.ts";
import { compareAccounts } from "../../reconcile/machine-drift/compare-accounts.ts";
import {
  findDeclaration,
  readAccountsJson,
  readSysusers,
  type ExpectedAccounts,
} from "../../reconcile/machine-drift/expected-accounts.ts";
import { attempt } from "../errno-outcome.ts";
import { readFactsAt } from "../drift/etc-facts.ts";
import { readSmallFile } from "../read-small-file.ts";
import type { MachinePlaces } from "./machine-places.ts";
import type { Finding, Look, LookContext, MachineSource } from "./machine-source.ts";

interface State {
  places: MachinePlaces;
  declared: { toplevel: string; accounts: ExpectedAccounts | null } | null;
}

const databaseBytes = 8 * 1024 * 1024;
const why = "accounts are never changed: mend it by hand, or deploy again";
const addedWhy =
  "users are mutable on this system, so it may be rightful: but who is in this group has the rights of root";
/** Whoever removed the whole database need not be told a name at a time. */
const mostFindings = 256;

export function createAccountsSource(places: MachinePlaces): MachineSource {
  const state: State = { places, declared: null };
  return {
    of: "accounts",
    look: (context) => look(state, context),
    forget: () => void (state.declared = null),
    watched: [{ path: `${places.etc}/passwd` }, { path: `${places.etc}/group` }],
  };
}

async function look(state: State, { toplevel }: LookContext): Promise<Look> {
  const { etc } = state.places;
  if (state.declared?.toplevel !== toplevel)
    state.declared = { toplevel, accounts: (await readDeclaredAccounts(toplevel))?.accounts ?? null };
  const { accounts } = state.declared;
  const [passwd, group] = await Promise.all([readDatabase(etc, "passwd"), readDatabase(etc, "group")]);
  const managed = accounts === null ? 1 : accounts.users.length + accounts.groups.length;
  if (typeof passwd !== "string" || typeof group !== "string") {
    const unread = [passwd, group].filter((one) => typeof one !== "string");
    return {
      findings: unread.flatMap(({ item }) => (item === null ? [] : [{ item, revert: null, why }])),
      managed,
      problems: unread.flatMap(({ problem }) => problem ?? []),
    };
  }
  const different: Finding[] = compareAccounts(accounts, { passwd, group }).map((item) => ({
    item,
    revert: null,
    why,
  }));
  const added: Finding[] = addedMembers(accounts, group).map((item) => ({
    item,
    revert: null,
    why: addedWhy,
    level: "info",
  }));
  return { findings: [...different, ...added].slice(0, mostFindings), managed };
}

interface Unread {
  item: DriftItem | null;
  problem: string | null;
}

/** Whoever makes a database unreadable, or larger than anybody's, hides who is in it: that is a difference itself. */
async function readDatabase(etc: string, name: string): Promise<string | Unread> {
  const text = await readSmallFile(`${etc}/${name}`, databaseBytes);
  if (text !== null) return text;
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const opened = attempt(() => closeSync(openSync(`${etc}/${name}`, O_RDONLY | O_NONBLOCK | O_NOCTTY)));
  const errno = opened.kind === "failed" ? opened.errno : null;
  if (errno !== null && isOwnTrouble(errno))
    return { item: null, problem: `${etc}/${name} cannot be read: ${errno}` };
  const detail = errno === null ? "no file of at most 8 MiB" : `it cannot be read: ${errno}`;
  const found = await readFactsAt(etc, name);
  return {
    item: { path: `/etc/${name}`, kind: "account", expected: { type: "file" }, found: { ...found, detail } },
    problem: null,
  };
}

export interface DeclaredAccounts {
  accounts: ExpectedAccounts;
  /** Which file says so. */
  file: string;
}

/** Read once: a store path does not change under its name. Null where the closure says it in none of these ways. */
export async function readDeclaredAccounts(toplevel: string): Promise<DeclaredAccounts | null> {
  for (const script of [`${toplevel}/etc/systemd/system/userborn.service`, `${toplevel}/activate`]) {
    const file = findDeclaration((await readSmallFile(script, databaseBytes)) ?? "");
    const accounts = file === null ? null : parseDeclaration(await readStoreFile(file));
    if (accounts !== null && file !== null)
      return { file, accounts: withMutability(accounts, (await readSmallFile(script, databaseBytes)) ?? "") };
  }
  const file = `${toplevel}/etc/sysusers.d/00-nixos.conf`;
  const lines = await readSmallFile(file, databaseBytes);
  return lines === null ? null : { file, accounts: readSysusers(lines) };
}

/** userborn has it from its unit, and not from the declaration. */
function withMutability(accounts: ExpectedAccounts, script: string): ExpectedAccounts {
  return script.includes("USERBORN_MUTABLE_USERS=false") ? { ...accounts, isMutable: false } : accounts;
}

/** Only what really lies in the store is the closure's word. */
async function readStoreFile(file: string): Promise<string | null> {
  const real = attempt(() => realpathSync(file));
  return real.kind === "done" && real.value === file ? readSmallFile(file, databaseBytes) : null;
}

function parseDeclaration(text: string | null): ExpectedAccounts | null {
  if (text === null) return null;
  try {
    return readAccountsJson(JSON.parse(text));
  } catch {
    return null;
  }
}
