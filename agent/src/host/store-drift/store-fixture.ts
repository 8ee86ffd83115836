/** For tests: a folder with store paths as Nix leaves them, and the closure list that says so. */
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeEventBody } from "@chimera/proto/event";
import { createLog } from "@chimera/proto/log";
import { StorePath, type Digest } from "@chimera/proto/names";
import { closureDigest, type ClosureEntry } from "@chimera/proto/signed/closure";
import { attempt } from "../errno-outcome.ts";
import { keepClosureList } from "../store/closure-lists.ts";
import { hashSteps } from "./hash-nar.ts";
import { startStoreDrift, type StoreDriftService } from "./store-service.ts";
import type { StoreDriftOptions } from "./store-state.ts";
import { toEnd } from "./steps.ts";

const program = join(import.meta.dirname, "../../main.ts");

export interface StoreFixture {
  root: string;
  stateDir: string;
  /** Names of the paths -> the paths, as they are listed. */
  paths: Record<"system" | "app" | "file" | "link", StorePath>;
  events: NodeEventBody[];
  at(path: StorePath, inside?: string): string;
  start(options?: Partial<StoreDriftOptions>): StoreDriftService;
  close(): Promise<void>;
}

function storePath(letter: string, name: string): StorePath {
  return StorePath.parse(`/nix/store/${letter.repeat(32)}-${name}`);
}

/** `fileBytes`: of the path that is one file. */
export function openStoreFixture(fileBytes?: number): StoreFixture {
  const folder = mkdtempSync(join(tmpdir(), "chimera-store-"));
  const [root, stateDir] = [join(folder, "root"), join(folder, "state")];
  const paths = {
    system: storePath("a", "system"),
    app: storePath("b", "app"),
    file: storePath("c", "file"),
    link: storePath("d", "link"),
  };
  makePaths(root, paths);
  if (fileBytes !== undefined) enlarge(join(root, paths.file), fileBytes);
  const events: NodeEventBody[] = [];
  const usual: StoreDriftOptions = {
    ...usualOptions(folder, listOf(root, stateDir, Object.values(paths))),
    toplevel: () => paths.system,
    onEvent: (event) => events.push(event),
  };
  const running: StoreDriftService[] = [];
  return {
    root,
    stateDir,
    paths,
    events,
    at: (path, inside = "") => join(root, path, inside),
    start(options = {}) {
      const service = startStoreDrift({ ...usual, ...options });
      running.push(service);
      return service;
    },
    async close() {
      await Promise.all(running.map((service) => service.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listOf(root: string, stateDir: string, paths: readonly StorePath[]): Digest {
  const entries = paths.map((path) => entryOf(root, path));
  const list = closureDigest(entries);
  keepClosureList(stateDir, list, entries);
  return list;
}

function usualOptions(folder: string, list: Digest): Omit<StoreDriftOptions, "toplevel" | "onEvent"> {
  return {
    root: join(folder, "root"),
    stateDir: join(folder, "state"),
    program,
    isPaced: false,
    waits: { bytesMs: 50, metadataMs: 400 },
    lastsMs: 200,
    ownPath: null,
    roundMs: null,
    walkMs: 300,
    listOf: () => list,
    source: () => null,
    mode: "report",
    isHeld: () => false,
    isSwitching: () => false,
    switchLock: join(folder, "no-lock"),
    log: createLog({ fields: {}, write: () => undefined }),
  };
}

/** Bytes, links, programs, an empty folder: one kind of each that a store holds. */
function makePaths(root: string, { system, app, file, link }: StoreFixture["paths"]): void {
  mkdirSync(join(root, app, "bin"), { recursive: true });
  mkdirSync(join(root, app, "empty"));
  writeFileSync(join(root, app, "bin/app"), "#!/bin/sh\n", { mode: 0o555 });
  writeFileSync(join(root, app, "data"), Buffer.alloc(200_000, "chimera "));
  mkdirSync(join(root, system, "etc"), { recursive: true });
  symlinkSync(app, join(root, system, "sw"));
  writeFileSync(join(root, system, "etc/motd"), "hello\n");
  writeFileSync(join(root, file), "only a file\n");
  symlinkSync("/nowhere", join(root, link));
  for (const path of [system, app, file, link]) asNixLeaves(join(root, path));
}

function enlarge(file: string, bytes: number): void {
  chmodSync(file, 0o644);
  truncateSync(file, bytes);
  asNixLeaves(file);
}

/** Modes and times as Nix sets them, all the way down. */
export function asNixLeaves(path: string): void {
  const stats = lstatSync(path);
  if (stats.isDirectory()) for (const name of readdirSync(path)) asNixLeaves(join(path, name));
  if (!stats.isSymbolicLink())
    chmodSync(path, stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o555 : 0o444);
  lutimesSync(path, 1, 1);
}

export function entryOf(root: string, path: StorePath): ClosureEntry {
  const facts = toEnd(hashSteps(join(root, path), { narSize: Infinity }));
  if (facts.kind !== "hashed") throw new Error(`${path}: ${facts.errno}`);
  const narHash = `sha256-${Buffer.from(facts.sha256, "hex").toString("base64")}`;
  return { path, narHash, narSize: facts.size, references: [] };
}

/** Process ids of the store workers of this very process. */
export function workerPids(): number[] {
  return readdirSync("/proc/self/task").flatMap((task) => {
    const children = readFileSync(`/proc/self/task/${task}/children`, "utf8").trim().split(" ");
    return children.filter((pid) => pid !== "" && isWorker(pid)).map(Number);
  });
}

function isWorker(pid: string): boolean {
  const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, "latin1"));
  return words.kind === "done" && words.value.includes("store-worker");
}
