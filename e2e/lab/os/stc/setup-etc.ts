// SHELL: makes /etc what the closure's etc tree says, in the order of nixos.md §1.1.
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { dirname, join } from "node:path";
import { cleanList, planEtc, type EtcEntry, type TreeEntry } from "./plan-etc.ts";

export interface EtcSetup {
  /** The closure's etc tree: `<etc drv>/etc`. */
  readonly tree: string;
  /** The live /etc; another folder in tests. */
  readonly etc: string;
  readonly warn: (line: string) => void;
}

export function setupEtc({ tree, etc, warn }: EtcSetup): void {
  const plan = planEtc(readTree(tree));
  const fresh = cleanList(plan);
  replaceLink(tree, join(etc, "static"));
  removeStale(etc, warn);
  const old = readCleanList(etc);
  for (const entry of plan) applyEntry(entry, { tree, etc, warn });
  const wanted = new Set(plan.map((entry) => entry.path));
  for (const path of old) {
    if (wanted.has(path)) continue;
    warn(`removing obsolete file ‘/etc/${path}’...`);
    rmSync(join(etc, path), { force: true });
  }
  writeFileSync(join(etc, ".clean"), fresh.map((path) => `${path}\n`).join(""));
  writeFileSync(join(etc, "NIXOS"), "", { flag: "a" });
}

/** The tree without following links, parents first. */
function readTree(root: string, prefix = ""): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const child of readdirSync(join(root, prefix), { withFileTypes: true }).toSorted(byName)) {
    const path = prefix === "" ? child.name : `${prefix}/${child.name}`;
    if (child.isDirectory()) entries.push({ kind: "directory", path }, ...readTree(root, path));
    else if (child.isSymbolicLink())
      entries.push({ kind: "symlink", path, target: readlinkSync(join(root, path)) });
    else entries.push({ kind: "file", path, text: readFileSync(join(root, path), "utf8") });
  }
  return entries;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function applyEntry(entry: EtcEntry, setup: EtcSetup): void {
  const path = join(setup.etc, entry.path);
  mkdirSync(dirname(path), { recursive: true });
  if (entry.kind === "copy") {
    copyEntry(entry, setup);
    return;
  }
  if (isRealDirectory(path)) {
    if (!isStatic(path)) {
      setup.warn(`warning: ${path} directory contains user files. Symlinking may fail.`);
      return;
    }
    rmSync(path, { recursive: true });
  }
  replaceLink(entry.target, path);
}

function copyEntry(entry: Extract<EtcEntry, { kind: "copy" }>, { tree, etc, warn }: EtcSetup): void {
  const path = join(etc, entry.path);
  if (isRealDirectory(path)) {
    warn(`warning: ${path} is a directory, the file for it was not copied`);
    return;
  }
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, readFileSync(join(tree, entry.path)), { mode: 0o600 });
  chownSync(temporary, idOf(entry.uid, "passwd"), idOf(entry.gid, "group"));
  // After the owner: chown clears set-id bits.
  chmodSync(temporary, entry.mode);
  renameSync(temporary, path);
}

/** "+N" is a number; anything else a name of the machine's own user or group file. */
function idOf(owner: string, database: "passwd" | "group"): number {
  if (/^\+\d+$/.test(owner)) return Number(owner);
  for (const line of readFileSync(`/etc/${database}`, "utf8").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === owner && id !== undefined) return Number(id);
  }
  throw new Error(`no such ${database === "passwd" ? "user" : "group"}: ${owner}`);
}

/** Links through /etc/static that the new tree no longer has. */
function removeStale(etc: string, warn: (line: string) => void): void {
  for (const path of linksBelow(etc, "")) {
    if (!readlinkSync(join(etc, path)).startsWith("/etc/static")) continue;
    if (path === "static" || isLink(join(etc, "static", path))) continue;
    warn(`removing obsolete symlink ‘/etc/${path}’...`);
    rmSync(join(etc, path));
  }
}

function linksBelow(root: string, prefix: string): string[] {
  // /etc/nixos is the administrator's own
  if (prefix === "nixos") return [];
  return readdirSync(join(root, prefix), { withFileTypes: true }).flatMap((child) => {
    const path = prefix === "" ? child.name : `${prefix}/${child.name}`;
    if (child.isSymbolicLink()) return [path];
    return child.isDirectory() ? linksBelow(root, path) : [];
  });
}

function isStatic(path: string): boolean {
  const found = lstatOf(path);
  if (found?.isSymbolicLink() === true) return readlinkSync(path).startsWith("/etc/static");
  if (found?.isDirectory() !== true) return false;
  return readdirSync(path).every((name) => isStatic(join(path, name)));
}

function replaceLink(target: string, path: string): void {
  if (isLink(path) && readlinkSync(path) === target) return;
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, path);
}

function readCleanList(etc: string): string[] {
  const file = join(etc, ".clean");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(isInside) : [];
}

/** A line that leads out of /etc must not make us delete what lies there. */
function isInside(path: string): boolean {
  return path !== "" && !path.startsWith("/") && !path.split("/").includes("..");
}

function isRealDirectory(path: string): boolean {
  return lstatOf(path)?.isDirectory() === true;
}

function isLink(path: string): boolean {
  return lstatOf(path)?.isSymbolicLink() === true;
}

function lstatOf(path: string): Stats | undefined {
  // Below a file there is nothing; lstat would throw ENOTDIR.
  if (!existsSync(`${dirname(path)}/.`)) return undefined;
  return lstatSync(path, { throwIfNoEntry: false });
}
