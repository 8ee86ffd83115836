/** SHELL. Looks for leftovers: links of earlier generations and names that a killed agent left, all through /etc. */
import { opendirSync, readlinkSync, type Dirent } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isOwnLink } from "../../reconcile/drift/drift.ts";
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { isTemporaryName } from "../temporary-name.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import { attempt } from "../errno-outcome.ts";
import { openDirectory } from "./etc-directory.ts";

export interface StaleLink {
  path: string;
  target: string;
}

export interface Leftovers {
  stale: StaleLink[];
  /** Names of unfinished reverts: an agent was killed in the middle of one. */
  unfinished: string[];
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

/** Never follows a link, never enters what the allow list or the configuration leaves to others. */
export async function findLeftovers(search: StaleSearch): Promise<Leftovers> {
  const leftovers: Leftovers = { stale: [], unfinished: [] };
  const folders = [""];
  let names = 0;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const list = listFolder(search.etcDir, folder, mostNames - names);
    for (const child of list) {
      names += 1;
      const path = folder === "" ? child.name : `${folder}/${child.name}`;
      if (isTemporaryName(child.name)) leftovers.unfinished.push(path);
      else if (child.isSymbolicLink()) leftovers.stale.push(...staleLink(search, path));
      else if (child.isDirectory() && isEntered(search, path)) folders.push(path);
      if (names % namesPerTurn === 0) await setImmediate();
    }
  }
  return leftovers;
}

function isEntered({ scope }: StaleSearch, path: string): boolean {
  return path.split("/").length <= deepest && !scope.isIgnored(path) && !scope.isIgnored(`${path}/x`);
}

function staleLink({ etcDir, entries, scope }: StaleSearch, path: string): StaleLink[] {
  if (entries.has(path) || scope.isIgnored(path)) return [];
  const slash = path.lastIndexOf("/");
  const opened = openDirectory(etcDir, slash < 0 ? "" : path.slice(0, slash));
  if (opened.kind === "failed") return [];
  using directory = opened.value;
  const target = attempt(() => readlinkSync(directory.child(path.slice(slash + 1))));
  return target.kind === "done" && isOwnLink(path, target.value) ? [{ path, target: target.value }] : [];
}

/** A folder that vanished or was replaced meanwhile has nothing to look at. */
function listFolder(etcDir: string, folder: string, most: number): Dirent[] {
  const opened = openDirectory(etcDir, folder);
  if (opened.kind === "failed") return [];
  using directory = opened.value;
  const listed = attempt(() => {
    using entries = opendirSync(directory.child("."), { bufferSize: 256 });
    const list: Dirent[] = [];
    for (let entry = entries.readSync(); entry !== null && list.length < most; entry = entries.readSync())
      list.push(entry);
    return list;
  });
  return listed.kind === "done" ? listed.value : [];
}
