/** SHELL. Looks for leftovers: links of earlier generations and names that a killed agent left, all through /etc. */
import { opendirSync, readlinkSync, type Dir, type Dirent } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isOwnLink } from "../../reconcile/drift/drift.ts";
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { isTemporaryName } from "../temporary-name.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import { attempt } from "../errno-outcome.ts";
import { openDirectory, type OpenDirectory } from "./etc-directory.ts";

export interface StaleLink {
  path: string;
  target: string;
}

export interface Leftovers {
  stale: StaleLink[];
  /** Names of unfinished reverts: an agent was killed in the middle of one. */
  unfinished: string[];
  /** There are more names than are looked at. */
  isCut: boolean;
}

export interface StaleSearch {
  etcDir: string;
  entries: ReadonlyMap<string, ExpectedEntry>;
  scope: EtcScope;
}

/** Names looked at in one search; what somebody piles up in /etc beyond that is theirs. */
const mostNames = 100_000;
const deepest = 32;
const namesPerTurn = 256;

interface Search extends StaleSearch {
  leftovers: Leftovers;
  folders: string[];
  names: number;
}

/** Never follows a link, never enters what the allow list or the configuration leaves to others. */
export async function findLeftovers(search: StaleSearch): Promise<Leftovers> {
  const leftovers: Leftovers = { stale: [], unfinished: [], isCut: false };
  const state: Search = { ...search, leftovers, folders: [""], names: 0 };
  for (let folder = state.folders.shift(); folder !== undefined; folder = state.folders.shift())
    await searchFolder(state, folder);
  return leftovers;
}

/** A folder that vanished or was replaced meanwhile has nothing to look at. */
async function searchFolder(state: Search, folder: string): Promise<void> {
  const opened = openDirectory(state.etcDir, folder);
  if (opened.kind === "failed") return;
  using directory = opened.value;
  const listed = attempt(() => opendirSync(directory.child("."), { bufferSize: namesPerTurn }));
  if (listed.kind === "failed") return;
  using entries = listed.value;
  for (const child of childrenOf(entries)) {
    state.names += 1;
    if (state.names > mostNames) {
      state.leftovers.isCut = true;
      return;
    }
    visit(state, { child, directory }, folder === "" ? child.name : `${folder}/${child.name}`);
    if (state.names % namesPerTurn === 0) await setImmediate();
  }
}

function* childrenOf(entries: Dir): Generator<Dirent> {
  for (;;) {
    const read = attempt(() => entries.readSync());
    if (read.kind === "failed" || read.value === null) return;
    yield read.value;
  }
}

interface Found {
  child: Dirent;
  directory: OpenDirectory;
}

function visit(state: Search, { child, directory }: Found, path: string): void {
  if (isTemporaryName(child.name)) state.leftovers.unfinished.push(path);
  else if (child.isSymbolicLink()) state.leftovers.stale.push(...staleLink(state, directory, path));
  else if (child.isDirectory() && isEntered(state, path)) state.folders.push(path);
}

function isEntered({ scope }: StaleSearch, path: string): boolean {
  return path.split("/").length <= deepest && !scope.isIgnored(path) && !scope.isIgnored(`${path}/x`);
}

function staleLink({ entries, scope }: StaleSearch, directory: OpenDirectory, path: string): StaleLink[] {
  if (entries.has(path) || scope.isIgnored(path)) return [];
  const target = attempt(() => readlinkSync(directory.child(path.slice(path.lastIndexOf("/") + 1))));
  return target.kind === "done" && isOwnLink(path, target.value) ? [{ path, target: target.value }] : [];
}
