/**
 * SHELL. What Nix evaluated, kept for as long as the files that it read are the same: asking Nix takes a second, hashing a
 * dozen files one millisecond. One folder for each question, one answer in it for each content of those files.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { xdgFolder, type Io } from "../../io.ts";
import { replaceFile } from "../../replace-file.ts";

const kept = 3;
const unusedMs = 30 * 24 * 3600 * 1000;
/** Longer than anybody waits for a build that nobody follows. */
const abandonedMs = 24 * 3600 * 1000;
const mostFiles = 20_000;

const Inputs = z.object({ v: z.literal(1), files: z.array(z.string().max(4096)).max(mostFiles) });
/** What it is kept with: of Nix's profile or out-link, so that no garbage collection takes it. */
const rootsPrefix = "root-";

export interface ContentCache<T> {
  folder: string;
  read(): T | undefined;
  write(files: readonly string[], value: T): Promise<void>;
}

function envCacheFolder(io: Pick<Io, "env">): string {
  return join(xdgFolder(io, "XDG_CACHE_HOME", ".cache"), "chimera", "env");
}

/** `question`: all that the answer depends on beside the content of files. */
export function contentCache<T>(io: Io, question: readonly unknown[], schema: z.ZodType<T>): ContentCache<T> {
  const name = digest(JSON.stringify([1, ...question])).slice(0, 32);
  const folder = join(envCacheFolder(io), name);
  return {
    folder,
    read: () => read(folder, schema, io.nowMs()),
    write: async (files, value) => {
      const inputs = [...new Set(files)].toSorted().slice(0, mostFiles);
      const path = join(folder, `${contentOf(inputs)}.json`);
      await replaceFile(path, `${JSON.stringify(value)}\n`);
      await replaceFile(join(folder, "inputs.json"), `${JSON.stringify({ v: 1, files: inputs })}\n`);
      prune(folder, io.nowMs());
      pruneOthers(io);
    },
  };
}

/** A new place for a GC root of that question; of what fails nothing stays. */
export async function withRoot<T>(folder: string, make: (root: string) => Promise<T>): Promise<T> {
  const root = join(folder, `${rootsPrefix}${randomUUID()}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  try {
    return await make(root);
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

function read<T>(folder: string, schema: z.ZodType<T>, nowMs: number): T | undefined {
  const inputs = Inputs.safeParse(readJson(join(folder, "inputs.json")));
  if (!inputs.success) return undefined;
  const path = join(folder, `${contentOf(inputs.data.files)}.json`);
  const value = schema.safeParse(readJson(path));
  if (!value.success) return undefined;
  const now = new Date(nowMs);
  utimesSync(path, now, now);
  return value.data;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // A cache that is not there, or broken, is made anew.
    return undefined;
  }
}

function contentOf(files: readonly string[]): string {
  const lines = files.map((file) => `${JSON.stringify(file)} ${contentDigest(file)}\n`);
  return digest(lines.join(""));
}

function contentDigest(file: string): string {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts?.isFile() !== true) return "none";
  try {
    return digest(readFileSync(file));
  } catch {
    return "unreadable";
  }
}

function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The newest answers, and the roots that they name. A young root may be another call's that is still at it. */
function prune(folder: string, nowMs: number): void {
  const answers = readdirSync(folder)
    .filter((name) => /^[0-9a-f]{64}\.json$/u.test(name))
    .map((name) => ({ name, usedMs: changedMs(join(folder, name)) }))
    .toSorted((a, b) => b.usedMs - a.usedMs);
  for (const { name } of answers.slice(kept)) rmSync(join(folder, name), { force: true });
  const texts = answers.slice(0, kept).map(({ name }) => readFileSync(join(folder, name), "utf8"));
  for (const name of readdirSync(folder)) {
    const isOld = name.startsWith(rootsPrefix) && changedMs(join(folder, name)) < nowMs - abandonedMs;
    if (isOld && !texts.some((text) => text.includes(name))) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Questions that nobody has asked for a month: Nix may collect what was kept for them. */
function pruneOthers(io: Io): void {
  const folder = envCacheFolder(io);
  for (const name of readdirSync(folder)) {
    const place = join(folder, name);
    const times = [place, ...readdirSync(place).map((file) => join(place, file))].map(changedMs);
    if (Math.max(...times) < io.nowMs() - unusedMs) rmSync(place, { recursive: true, force: true });
  }
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether what a root leads to is still in the store. */
export function isKept(root: string, store: string): boolean {
  if (!existsSync(store)) return false;
  try {
    return realpathSync(root) === realpathSync(store);
  } catch {
    return false;
  }
}
