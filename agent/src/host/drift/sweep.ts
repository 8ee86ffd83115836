/** SHELL. Looks for leftovers: links of earlier generations and names that a killed agent left, all through /etc. */
import { opendirSync, readlinkSync, type Dir, type Dirent } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isOwnLink } from "../../reconcile/drift/drift.ts";
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { isTemporaryName } from "../temporary-name.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import { attempt } from "../errno-outcome.ts";
import { openChild, openDirectory, type OpenDirectory } from "./etc-directory.ts";

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
  names: number;
}

/** Never follows a link, never enters what the allow list or the configuration leaves to others. */
export async function findLeftovers(search: StaleSearch): Promise<Leftovers> {
  const leftovers: Leftovers = { stale: [], unfinished: [], isCut: false };
  const opened = openDirectory(search.etcDir, "");
  if (opened.kind === "failed") return leftovers;
  using directory = opened.value;
  await searchFolder({ ...search, leftovers, names: 0 }, { directory, folder: "" });
  return leftovers;
}

interface Place {
  directory: OpenDirectory;
  /** Its path below /etc. */
  folder: string;
}

/** Those in it afterwards, from here. One that vanished or was replaced meanwhile has nothing to look at. */
async function searchFolder(state: Search, place: Place): Promise<void> {
  for (const name of await searchNames(state, place)) {
    const opened = openChild(place.directory.child(name));
    if (opened.kind === "failed") continue;
    using directory = opened.value;
    await searchFolder(state, { directory, folder: below(place, name) });
    if (state.leftovers.isCut) return;
  }
}

/** What is to be entered. */
async function searchNames(state: Search, { directory, folder }: Place): Promise<string[]> {
  const listed = attempt(() => opendirSync(directory.child("."), { bufferSize: namesPerTurn }));
  if (listed.kind === "failed") return [];
  using entries = listed.value;
  const folders: string[] = [];
  for (const child of childrenOf(entries)) {
    state.names += 1;
    if (state.names > mostNames) {
      state.leftovers.isCut = true;
      return [];
    }
    if (isFolder(state, child, { directory, folder })) folders.push(child.name);
    if (state.names % namesPerTurn === 0) await setImmediate();
  }
  return folders;
}

function below({ folder }: Place, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function* childrenOf(entries: Dir): Generator<Dirent> {
  for (;;) {
    const read = attempt(() => entries.readSync());
    if (read.kind === "failed" || read.value === null) return;
    yield read.value;
  }
}

/** Whether to enter it. */
function isFolder(state: Search, child: Dirent, place: Place): boolean {
  const path = below(place, child.name);
  if (isTemporaryName(child.name)) state.leftovers.unfinished.push(path);
  else if (child.isSymbolicLink()) state.leftovers.stale.push(...staleLink(state, place.directory, path));
  else return child.isDirectory() && isEntered(state, path);
  return false;
}

function isEntered({ scope }: StaleSearch, path: string): boolean {
  return path.split("/").length <= deepest && !scope.isIgnored(path) && !scope.isIgnored(`${path}/x`);
}

function staleLink({ entries, scope }: StaleSearch, directory: OpenDirectory, path: string): StaleLink[] {
  if (entries.has(path) || scope.isIgnored(path)) return [];
  const target = attempt(() => readlinkSync(directory.child(path.slice(path.lastIndexOf("/") + 1))));
  return target.kind === "done" && isOwnLink(path, target.value) ? [{ path, target: target.value }] : [];
}
