/** SHELL. Directories by descriptor, component by component: no link on the way is ever followed. */
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { attempt, type Outcome } from "../errno-outcome.ts";

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface OpenDirectory extends Disposable {
  readonly fd: number;
  /** The path to act on: the kernel resolves it inside this very directory, whatever its name is by now. */
  child(name: string): string;
  /** The same for a name as bytes (latin1), as names that are no UTF-8 must be handled too. */
  childBytes(name: string): Buffer;
}

/** Opens `root` (absolute, without links) and then each component of `path` below it. */
export function openDirectory(root: string, path: string): Outcome<OpenDirectory> {
  let fd = openSync("/", directoryFlags);
  for (const name of [...root.split("/"), ...path.split("/")]) {
    if (name === "") continue;
    const parent = fd;
    const next = attempt(() => openSync(childPath(parent, name), directoryFlags));
    closeSync(parent);
    if (next.kind === "failed") return next;
    fd = next.value;
  }
  return { kind: "done", value: holdDirectory(fd) };
}

/** The directories of one root, one after the other: the latest stays open, for whoever looks at what lies in it side by side. */
export interface DirectoryWalk extends Disposable {
  /** Closed by the next call for another path, and with the walk. */
  open(path: string): Outcome<OpenDirectory>;
}

/** For a look of milliseconds, and never for a write: what it has open may bear another name by then. */
export function walkDirectories(root: string): DirectoryWalk {
  let latest: { path: string; directory: OpenDirectory } | null = null;
  const close = (): void => {
    latest?.directory[Symbol.dispose]();
    latest = null;
  };
  return {
    open(path) {
      if (latest?.path === path) return { kind: "done", value: latest.directory };
      close();
      const opened = openDirectory(root, path);
      if (opened.kind === "done") latest = { path, directory: opened.value };
      return opened;
    },
    [Symbol.dispose]: close,
  };
}

/** Opens a directory by the path that an open one gave; a link or a file there fails. */
export function openChild(path: string | Buffer): Outcome<OpenDirectory> {
  const next = attempt(() => openSync(path, directoryFlags));
  return next.kind === "failed" ? next : { kind: "done", value: holdDirectory(next.value) };
}

/** Somebody may have renamed the directory that we work in: then what is done in it is not done where it belongs. */
export function isStillAt(directory: OpenDirectory, root: string, path: string): boolean {
  const again = openDirectory(root, path);
  if (again.kind === "failed") return false;
  using now = again.value;
  const [a, b] = [fstatSync(directory.fd), fstatSync(now.fd)];
  return a.ino === b.ino && a.dev === b.dev;
}

function holdDirectory(fd: number): OpenDirectory {
  return {
    fd,
    child: (name) => childPath(fd, name),
    childBytes: (name) => Buffer.from(childPath(fd, name), "latin1"),
    [Symbol.dispose]: () => closeSync(fd),
  };
}

function childPath(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}
