/** SHELL. Reads what a toplevel declares for /etc: the classic etc tree with its three sidecar modes (nixos.md §1.1). */
import type { Digest } from "@chimera/proto/names";
import { readdirSync, readlinkSync, type Dirent } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { setImmediate } from "node:timers/promises";
import type { ExpectedEntry } from "../../reconcile/drift/etc-entry.ts";
import type { EtcLayout } from "../../reconcile/drift/mounts/etc-layout.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import { attempt, type Outcome } from "../errno-outcome.ts";
import { hashFile } from "./hash-file.ts";
import { isGivenFolder, type GivenFolders } from "../../reconcile/drift/folder-rights.ts";
import { readGivenFolders } from "./given-folders.ts";
import { readDeclaredMounts } from "./mounts/declared-mounts.ts";
import { readSmallFile } from "../read-small-file.ts";
import { createWayFinder, type WayFinder } from "./store-way.ts";

export interface ExpectedEtc {
  readonly toplevel: string;
  /** E: the real path of `<toplevel>/etc`. */
  readonly tree: string;
  /** Compared entries by path below /etc, a directory before what it holds. */
  readonly entries: ReadonlyMap<string, ExpectedEntry>;
  readonly layout: EtcLayout;
  /** Mount points that the closure declares, anywhere. */
  readonly declaredMounts: ReadonlySet<string>;
  /** What activation copied or linked directly, as it writes that into /etc/.clean; an overlay has no such file. */
  readonly cleanList: string | null;
  /** Declarations that cannot be used, in words. */
  readonly problems: readonly string[];
  /** What they declare: neither compared, nor a leftover of somebody else's. */
  readonly undecided: ReadonlySet<string>;
  /** Which store paths say so: of the tree (the empty path), and of each copied file. */
  readonly ways: ReadonlyMap<string, ReadonlySet<string>>;
  /** What is left out because the store does not hold what was signed, in words. */
  readonly unproven: readonly string[];
  /** Of all these paths, where no signed list is here to prove them by; null where they are proven, or nobody asks. */
  readonly mark: string | null;
}

export interface ExpectedRequest {
  toplevel: string;
  scope: EtcScope;
  layout: EtcLayout;
  /** Digests of store files are taken from it: whoever does not believe them any more gives none. */
  previous: ExpectedEtc | null;
  /** Before /nix/store, in tests. */
  root?: string;
}

interface Reading extends ExpectedRequest {
  tree: string;
  entries: Map<string, ExpectedEntry>;
  problems: string[];
  undecided: Set<string>;
  copied: string[];
  finder: WayFinder;
  given: GivenFolders;
  ways: Map<string, ReadonlySet<string>>;
}

const sidecar = /\.(mode|uid|gid)$/;
const sidecarBytes = 256;
/** No source of a copied file is longer; such a declaration is refused instead of read every minute. */
const sourceBytes = 1024 * 1024 * 1024;
const entriesPerTurn = 128;

export async function loadExpectedEtc(request: ExpectedRequest): Promise<Outcome<ExpectedEtc>> {
  const finder = createWayFinder(request.root ?? "");
  const way = finder.follow(`${request.toplevel}/etc`);
  if (way.kind === "failed") return way;
  const { real: tree, paths } = way.value;
  if (isStillTrue(request, tree)) return { kind: "done", value: request.previous };
  const reading: Reading = {
    ...request,
    ...emptyReading(),
    tree,
    finder,
    given: await readGivenFolders(tree),
    ways: new Map([["", paths]]),
  };
  // An overlay's links lead to their sources themselves.
  if (request.layout.kind === "classic")
    await addEntry(reading, { kind: "link", path: "static", target: tree });
  const read = await readFolder(reading, "");
  if (read.kind === "failed") return read;
  const { toplevel, layout, entries, problems, undecided, ways } = reading;
  const cleanList = layout.kind === "classic" ? cleanListOf(reading.copied) : null;
  const declaredMounts = await readDeclaredMounts(tree);
  const found = { toplevel, tree, layout, entries, problems, undecided, ways, cleanList, declaredMounts };
  return { kind: "done", value: { ...found, unproven: [], mark: null } };
}

function emptyReading(): Pick<Reading, "entries" | "problems" | "undecided" | "copied"> {
  return { entries: new Map(), problems: [], undecided: new Set(), copied: [] };
}

/** What a store path holds is signed, so what was read once from proven ones alone need not be read every minute. */
function isStillTrue(
  request: ExpectedRequest,
  tree: string,
): request is ExpectedRequest & { previous: ExpectedEtc } {
  const { previous, toplevel } = request;
  if (previous === null || previous.toplevel !== toplevel || previous.tree !== tree) return false;
  if (!isDeepStrictEqual(previous.layout, request.layout)) return false;
  if (!isInStore(request, tree) || previous.problems.length + previous.unproven.length > 0) return false;
  return [...previous.entries.values()].every(
    (entry) => entry.kind !== "file" || isInStore(request, entry.source),
  );
}

function isInStore({ root = "" }: ExpectedRequest, path: string): boolean {
  return path.startsWith(`${root}/nix/store/`);
}

async function readFolder(reading: Reading, folder: string): Promise<Outcome<null>> {
  const listed = attempt(() => readdirSync(`${reading.tree}/${folder}`, { withFileTypes: true }));
  if (listed.kind === "failed") return listed;
  const names = new Set(listed.value.map(({ name }) => name));
  for (const child of listed.value.toSorted(byName)) {
    if (isSidecar(child, names)) continue;
    const path = folder === "" ? child.name : `${folder}/${child.name}`;
    // Bytes that are no UTF-8 come as this sign: neither tree nor /etc has an entry of that name.
    if (child.name.includes("\uFFFD")) {
      reading.problems.push(`/etc/${path}: the name is no text`);
      continue;
    }
    const read = child.isDirectory()
      ? await readFolder(reading, path)
      : await readEntry(reading, {
          path,
          link: child.isSymbolicLink(),
          hasMode: names.has(`${child.name}.mode`),
        });
    if (read.kind === "failed") return read;
  }
  return { kind: "done", value: null };
}

/** A sidecar is a plain file beside the entry that it describes; a link of such a name is an entry. */
function isSidecar(child: Dirent, names: ReadonlySet<string>): boolean {
  return child.isFile() && sidecar.test(child.name) && names.has(child.name.replace(sidecar, ""));
}

interface Declared {
  path: string;
  link: boolean;
  hasMode: boolean;
}

async function readEntry(reading: Reading, declared: Declared): Promise<Outcome<null>> {
  const { path, link, hasMode } = declared;
  if (!hasMode) {
    // Activation makes nothing of a plain file without a sidecar.
    if (!link) return { kind: "done", value: null };
    if (reading.layout.kind === "overlay") return readDirectLink(reading, path);
    await addEntry(reading, { kind: "link", path, target: `/etc/static/${path}` });
    return { kind: "done", value: null };
  }
  reading.copied.push(path);
  const mode = await readSidecar(reading, `${path}.mode`);
  if (mode === "direct-symlink") return readDirectLink(reading, path);
  if (!/^[0-7]{3,4}$/.test(mode)) {
    return leaveOut(reading, path, `the closure declares the mode "${mode}"`);
  }
  return readCopy(reading, path, Number.parseInt(mode, 8));
}

async function readDirectLink(reading: Reading, path: string): Promise<Outcome<null>> {
  const target = attempt(() => readlinkSync(`${reading.tree}/${path}`));
  if (target.kind === "failed") return target;
  await addEntry(reading, { kind: "link", path, target: target.value });
  return { kind: "done", value: null };
}

/** A problem with one of them says nothing of the others. */
function leaveOut({ problems, undecided }: Reading, path: string, why: string): Outcome<null> {
  problems.push(`/etc/${path}: ${why}`);
  undecided.add(path);
  return { kind: "done", value: null };
}

async function readCopy(reading: Reading, path: string, mode: number): Promise<Outcome<null>> {
  const way = reading.finder.follow(`${reading.tree}/${path}`);
  if (way.kind === "done") reading.ways.set(path, way.value.paths);
  const known = way.kind === "done" ? await digestOf(reading, path, way.value.real) : null;
  if (way.kind === "failed" || known === null)
    return leaveOut(reading, path, "the file to copy cannot be read");
  const owner = parseOwner(await readSidecar(reading, `${path}.uid`));
  const group = parseOwner(await readSidecar(reading, `${path}.gid`));
  await addEntry(reading, { kind: "file", path, source: way.value.real, ...known, mode, owner, group });
  return { kind: "done", value: null };
}

/** A store file is read once; any other source may change at any time. */
async function digestOf(
  reading: Reading,
  path: string,
  source: string,
): Promise<{ size: number; sha256: Digest } | null> {
  const before = reading.previous?.entries.get(path);
  if (before?.kind === "file" && before.source === source && isInStore(reading, source))
    return { size: before.size, sha256: before.sha256 };
  const hashed = await hashFile(source, sourceBytes);
  if (hashed.kind === "failed" || hashed.value.sha256 === undefined) return null;
  return { size: hashed.value.stats.size, sha256: hashed.value.sha256 };
}

async function readSidecar({ tree }: Reading, path: string): Promise<string> {
  const text = await readSmallFile(`${tree}/${path}`, sidecarBytes);
  return text?.trim() ?? "+0";
}

/** "+N" is a number, as activation reads it; anything else a name. */
function parseOwner(text: string): number | string {
  return /^\+\d{1,10}$/.test(text) ? Number(text) : text;
}

/** The directories on the way come first, each once. */
async function addEntry({ entries, scope, given: folders }: Reading, entry: ExpectedEntry): Promise<void> {
  if (!scope.isCompared(entry)) return;
  const names = entry.path.split("/").slice(0, -1);
  for (const [index] of names.entries()) {
    const path = names.slice(0, index + 1).join("/");
    const given = isGivenFolder(folders, path) ? ({ isGiven: true } as const) : {};
    const directory = { kind: "directory", path, ...given } as const;
    if (!entries.has(path) && scope.isCompared(directory)) entries.set(path, directory);
  }
  entries.set(entry.path, entry);
  if (entries.size % entriesPerTurn === 0) await setImmediate();
}

/** Sorted by bytes, one a line. */
function cleanListOf(copied: readonly string[]): string {
  const sorted = copied.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sorted.map((path) => `${path}\n`).join("");
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}
