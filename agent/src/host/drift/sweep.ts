/** SHELL. Looks for leftovers: links of earlier generations and names that a killed agent left, all through /etc. */
import { fstatSync, opendirSync, readlinkSync, type Dirent } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { isOwnLink } from "../../reconcile/drift/drift.ts";
import { etcPath, type ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import { isTemporaryName } from "../temporary-name.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import type { EtcMounts } from "../../reconcile/drift/mounts/covering-mounts.ts";
import { attempt, isAbsent } from "../errno-outcome.ts";
import { openChild, openDirectory, type OpenDirectory } from "./etc-directory.ts";

export interface StaleLink {
  path: string;
  target: string;
}

/** What was not looked into, and why: leftovers there are not found. */
interface SearchGap {
  path: string;
  why: string;
}

export interface Leftovers {
  stale: StaleLink[];
  /** Names of unfinished reverts: an agent was killed in the middle of one. */
  unfinished: string[];
  gaps: SearchGap[];
}

export interface StaleSearch {
  etcDir: string;
  entries: ReadonlyMap<string, ExpectedEntry>;
  scope: EtcScope;
  mounts: Pick<EtcMounts, "points" | "covered">;
  /** Smaller ones in tests. */
  limits?: SearchLimits;
}

interface SearchLimits {
  /** Names looked at in one search; what somebody piles up in /etc beyond that is theirs. */
  names: number;
  /** Of these, left for folders that nobody declared. */
  ofOthers: number;
  /** Left for each folder that comes later, whatever is piled up in this one. */
  share: number;
}

const usualLimits: SearchLimits = { names: 100_000, ofOthers: 20_000, share: 256 };
const deepest = 32;
const mostGaps = 16;
const namesPerTurn = 256;

interface Search extends StaleSearch {
  limits: SearchLimits;
  leftovers: Leftovers;
  names: number;
  /** Declared folders that were not listed yet. */
  waiting: number;
  /** Folders that nobody declared, one level after the other, with the device of what they lie in. */
  later: { folder: string; device: number }[];
  /** How many of them were begun. */
  begun: number;
}

/**
 * Never follows a link, never enters what the allow list or the configuration leaves to others, nor what is mounted where nobody
 * declared anything. First all declared folders, then all others level by level: nobody hides a leftover behind a pile of names.
 */
export async function findLeftovers(search: StaleSearch): Promise<Leftovers> {
  const leftovers: Leftovers = { stale: [], unfinished: [], gaps: [] };
  const declared = [...search.entries.values()].filter(({ kind }) => kind === "directory");
  const { limits = usualLimits } = search;
  const state: Search = {
    ...search,
    limits,
    leftovers,
    names: 0,
    waiting: declared.length,
    later: [],
    begun: 0,
  };
  await searchAt(state, "", null);
  // It grows while it is walked.
  for (const { folder, device } of state.later) {
    state.begun += 1;
    await searchAt(state, folder, device);
    if (state.names >= limits.names) break;
  }
  const next = state.later[state.begun];
  if (next !== undefined) noteGap(state, next.folder, "so many names were looked at before it");
  return leftovers;
}

async function searchAt(state: Search, folder: string, device: number | null): Promise<void> {
  const opened = openDirectory(state.etcDir, folder);
  if (opened.kind === "failed") return noteUnread(state, folder, opened.errno);
  using directory = opened.value;
  if (!isOther(state, { directory, folder }, device)) await searchFolder(state, { directory, folder });
}

interface Place {
  directory: OpenDirectory;
  /** Its path below /etc. */
  folder: string;
}

/** Declared folders in it at once, from here: to open each from / anew would cost more than to list it. */
async function searchFolder(state: Search, place: Place): Promise<void> {
  const { dev: device } = fstatSync(place.directory.fd);
  for (const name of await searchNames(state, place)) {
    const path = below(place, name);
    if (state.entries.get(path)?.kind !== "directory") {
      state.later.push({ folder: path, device });
      continue;
    }
    state.waiting -= 1;
    const opened = openChild(place.directory.child(name));
    if (opened.kind === "failed") {
      noteUnread(state, path, opened.errno);
      continue;
    }
    using directory = opened.value;
    const next = { directory, folder: path };
    if (!isOther(state, next, device)) await searchFolder(state, next);
  }
}

/** What is to be entered. */
async function searchNames(state: Search, place: Place): Promise<string[]> {
  const { directory, folder } = place;
  const listed = attempt(() => opendirSync(directory.child("."), { bufferSize: namesPerTurn }));
  if (listed.kind === "failed") {
    noteUnread(state, folder, listed.errno);
    return [];
  }
  using entries = listed.value;
  const folders: string[] = [];
  const most = state.names + allowance(state, folder);
  for (;;) {
    const read = attempt(() => entries.readSync());
    if (read.kind === "failed") noteUnread(state, folder, read.errno);
    if (read.kind === "failed" || read.value === null) return folders;
    if (state.names >= most) {
      noteGap(state, folder, "it has more names than are looked at");
      return folders;
    }
    state.names += 1;
    if (isFolder(state, read.value, place)) folders.push(read.value.name);
    if (state.names % namesPerTurn === 0) await setImmediate();
  }
}

/** How many names of this folder: all that is left but for the shares of those that come later. */
function allowance({ entries, names, waiting, later, begun, limits }: Search, folder: string): number {
  const isDeclared = folder === "" || entries.has(folder);
  const left = limits.names - names - (isDeclared ? limits.ofOthers : 0);
  const others = isDeclared ? waiting : later.length - begun;
  return Math.max(limits.share, left - limits.share * others);
}

function noteUnread(state: Search, folder: string, errno: string): void {
  if (!isAbsent(errno)) noteGap(state, folder, `it cannot be read: ${errno}`);
}

function noteGap({ leftovers }: Search, folder: string, why: string): void {
  if (leftovers.gaps.length < mostGaps) leftovers.gaps.push({ path: etcPath(folder), why });
}

function below({ folder }: Place, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Whether to enter it. */
function isFolder(state: Search, child: Dirent, place: Place): boolean {
  const path = below(place, child.name);
  if (isTemporaryName(child.name)) state.leftovers.unfinished.push(path);
  else if (child.isSymbolicLink()) state.leftovers.stale.push(...staleLink(state, place.directory, path));
  else return child.isDirectory() && isEntered(state, path);
  return false;
}

/** A mount is told where it hides something, and is somebody else's where it does not: to look at it could wait for a server. */
function isEntered(state: Search, path: string): boolean {
  const { scope, mounts, entries } = state;
  if (scope.isIgnored(path) || scope.isIgnored(`${path}/x`)) return false;
  if (mounts.points.has(path) && (mounts.covered.includes(path) || !entries.has(path))) return false;
  const isDeep = path.split("/").length > deepest;
  if (isDeep) noteGap(state, path, `it lies deeper than ${deepest} folders`);
  return !isDeep;
}

/** Mounted since the mount table was read, or a file system of its own without a mount. */
function isOther(state: Search, { directory, folder }: Place, device: number | null): boolean {
  if (device === null || state.mounts.points.has(folder)) return false;
  if (fstatSync(directory.fd).dev === device) return false;
  noteGap(state, folder, "it is another file system");
  return true;
}

function staleLink({ entries, scope }: StaleSearch, directory: OpenDirectory, path: string): StaleLink[] {
  if (entries.has(path) || scope.isIgnored(path)) return [];
  const target = attempt(() => readlinkSync(directory.child(path.slice(path.lastIndexOf("/") + 1))));
  return target.kind === "done" && isOwnLink(path, target.value) ? [{ path, target: target.value }] : [];
}
