/** SHELL. What really is at a name in a directory, by lstat; content only as a digest. */
import type { EntryFacts } from "@chimera/proto/drift";
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { octal } from "../../reconcile/drift/etc-entry.ts";
import { attempt, isAbsent, type Outcome } from "../errno-outcome.ts";
import { openDirectory, type OpenDirectory } from "./etc-directory.ts";
import { hashFile } from "./hash-file.ts";

/** A file that is longer than declared is read as far as this for its digest, else only its size is told. */
const curiousBytes = 1024 * 1024;
/** How often a name that changes while it is read is read again. */
const attempts = 4;

/** `declaredBytes`: the size of the declared file; a file of another size beyond 1 MiB is different without reading it. */
export async function readFacts(
  directory: OpenDirectory,
  name: string,
  declaredBytes: number | null,
): Promise<Outcome<EntryFacts>> {
  let facts = await readOnce(directory.child(name), declaredBytes);
  for (let attempted = 1; facts === "changed" && attempted < attempts; attempted += 1)
    facts = await readOnce(directory.child(name), declaredBytes);
  return facts === "changed" ? { kind: "done", value: { type: "other" } } : facts;
}

/** Of what could not be read: all but its bytes, and why. Without those it never counts as right. */
export function unreadFacts(directory: OpenDirectory, name: string, errno: string): EntryFacts {
  const stats = attempt(() => lstatSync(directory.child(name)));
  const detail = `it cannot be read: ${errno}`;
  return stats.kind === "done" ? { ...plainFacts(stats.value), detail } : { type: "other", detail };
}

/** The same for a path below /etc; nothing on the way is "missing". */
export async function readFactsAt(
  etcDir: string,
  path: string,
  declaredBytes: number | null = null,
): Promise<EntryFacts> {
  const slash = path.lastIndexOf("/");
  const opened = openDirectory(etcDir, path === "" ? "" : path.slice(0, Math.max(0, slash)));
  if (opened.kind === "failed") return { type: "missing" };
  using directory = opened.value;
  const name = path === "" ? "." : path.slice(slash + 1);
  const facts = await readFacts(directory, name, declaredBytes);
  return facts.kind === "done" ? facts.value : unreadFacts(directory, name, facts.errno);
}

async function readOnce(
  path: string,
  declaredBytes: number | null,
): Promise<Outcome<EntryFacts> | "changed"> {
  const stats = attempt(() => lstatSync(path));
  if (stats.kind === "failed")
    return isAbsent(stats.errno) ? { kind: "done", value: { type: "missing" } } : stats;
  if (stats.value.isSymbolicLink()) {
    const target = attempt(() => readlinkSync(path));
    return target.kind === "failed"
      ? "changed"
      : { kind: "done", value: { type: "symlink", target: target.value } };
  }
  if (stats.value.isFile() && declaredBytes !== null) return readHashed(path, stats.value, declaredBytes);
  return { kind: "done", value: plainFacts(stats.value) };
}

async function readHashed(
  path: string,
  stats: Stats,
  declaredBytes: number,
): Promise<Outcome<EntryFacts> | "changed"> {
  if (stats.size !== declaredBytes && stats.size > curiousBytes)
    return { kind: "done", value: plainFacts(stats) };
  const hashed = await hashFile(path, stats.size);
  if (hashed.kind === "failed") return isAbsent(hashed.errno) ? "changed" : hashed;
  const { sha256, stats: latest } = hashed.value;
  if (sha256 === undefined || latest.ino !== stats.ino || latest.dev !== stats.dev) return "changed";
  return { kind: "done", value: { ...plainFacts(latest), sha256 } };
}

function plainFacts(stats: Stats): EntryFacts {
  return {
    type: typeOf(stats),
    ...(stats.isFile() ? { size: stats.size } : {}),
    mode: octal(stats.mode),
    uid: stats.uid,
    gid: stats.gid,
  };
}

function typeOf(stats: Stats): EntryFacts["type"] {
  if (stats.isFile()) return "file";
  return stats.isDirectory() ? "directory" : "other";
}
