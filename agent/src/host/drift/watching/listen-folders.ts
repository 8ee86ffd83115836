/**
 * SHELL. inotify on the folders of a tree that somebody names, by Node's own watch. chokidar looks at every name in them first, thousands at once:
 * for 30,000 entries that was 36 MB that no process gave back.
 */
import { lstatSync, watch, type FSWatcher } from "node:fs";
import { basename, join } from "node:path";
import { attempt, isAbsent } from "../../errno-outcome.ts";
import type { Listening, ListenOptions } from "./listen.ts";

export interface ListenFoldersOptions extends Pick<ListenOptions, "onPath" | "onError" | "onRead"> {
  /** Absolute, a folder before what is in it. Asked again when one of them is made anew. */
  folders: () => readonly string[];
}

interface State extends ListenFoldersOptions {
  watchers: Map<string, FSWatcher>;
  isClosed: boolean;
}

export function listenFolders(options: ListenFoldersOptions): Listening {
  const state: State = { ...options, watchers: new Map(), isClosed: false };
  return {
    // Whoever gets this has it in hand before the first error is told.
    settled: Promise.resolve().then(() => openAll(state, () => true)),
    close() {
      state.isClosed = true;
      closeAll(state, () => true);
      return Promise.resolve();
    },
  };
}

function openAll(state: State, isMeant: (folder: string) => boolean): void {
  for (const folder of state.folders()) if (isMeant(folder) && !open(state, folder)) return;
}

/** False where no more can be watched. */
function open(state: State, folder: string): boolean {
  if (state.isClosed) return false;
  if (state.watchers.has(folder) || !isFolder(folder)) return true;
  const opened = attempt(() => watch(folder, { persistent: true }));
  if (opened.kind === "failed") {
    // It became something else meanwhile: its own folder tells of that.
    if (isAbsent(opened.errno)) return true;
    const problem = new Error(`${folder} cannot be watched: ${opened.errno}`);
    state.onError(Object.assign(problem, { code: opened.errno }));
    return false;
  }
  const watcher = opened.value;
  state.watchers.set(folder, watcher);
  watcher.on("change", (event, name) => {
    if (state.watchers.get(folder) === watcher)
      heard(state, folder, { event, name: name === null ? null : name.toString() });
  });
  watcher.on("error", (error) => {
    if (state.watchers.get(folder) === watcher) state.onError(error);
  });
  return true;
}

/** A link is none: what it leads to is somebody else's. */
function isFolder(path: string): boolean {
  const stats = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
  return stats.kind === "done" && stats.value?.isDirectory() === true;
}

function heard(state: State, folder: string, { event, name }: { event: string; name: string | null }): void {
  state.onRead();
  const path = name === null ? folder : join(folder, name);
  if (event === "rename") renew(state, path);
  state.onPath(path);
  // So the folder's own removal or renaming is called too.
  if (name === basename(folder)) state.onPath(folder);
}

/** What has that name now is another folder, or none: the watches of the old one would speak of another place. */
function renew(state: State, path: string): void {
  const isBelow = (folder: string): boolean => folder === path || folder.startsWith(`${path}/`);
  if (!state.watchers.has(path) && !state.folders().includes(path)) return;
  closeAll(state, isBelow);
  openAll(state, isBelow);
}

function closeAll({ watchers }: State, isMeant: (folder: string) => boolean): void {
  for (const [folder, watcher] of watchers) {
    if (!isMeant(folder)) continue;
    watchers.delete(folder);
    watcher.close();
  }
}
