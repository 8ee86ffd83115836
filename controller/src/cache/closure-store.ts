/** SHELL. Closure lists by their digest: closed, in one order, and what their name says. */
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { ClosureList, closureDigest, sortClosure } from "@chimera/proto/signed/closure";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import { describeIssues } from "../files/describe-issues.ts";
import { isNoEntry } from "../files/durable-file.ts";
import { putText, type PutResult } from "./cache-store.ts";
import { receiveText } from "./receive-body.ts";

export interface ClosureStore {
  path(digest: Digest): string;
  put(digest: Digest, incoming: IncomingMessage): Promise<PutResult>;
  /** False when the list is missing or does not have the path. */
  contains(digest: Digest, storePath: string): Promise<boolean>;
}

export function openClosureStore(directory: string, limitBytes: number): ClosureStore {
  const path = (digest: Digest) => join(directory, "closure", digest);
  return {
    path,
    async put(digest, incoming) {
      const text = await receiveText(incoming, limitBytes);
      const { entries } = parseClosure(text);
      requireClosed(entries);
      const found = closureDigest(entries);
      if (found !== digest)
        throw new ChimeraError("hash-mismatch", `closure/${digest}: the list has ${found}`);
      const list: ClosureList = { v: 1, entries: sortClosure(entries) };
      return putText({ path: path(digest), temporary: join(directory, "tmp"), text: JSON.stringify(list) });
    },
    async contains(digest, storePath) {
      try {
        // The file is our own JSON: only the path of an entry is written like this.
        return (await readFile(path(digest), "utf8")).includes(`"path":"${storePath}"`);
      } catch (cause) {
        if (isNoEntry(cause)) return false;
        throw new ChimeraError("file-unreadable", `closure/${digest}`, { cause });
      }
    },
  };
}

function parseClosure(text: string): ClosureList {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ChimeraError("input-invalid", "a closure list is not JSON", { cause });
  }
  const result = ClosureList.safeParse(json);
  if (result.success) return result.data;
  throw new ChimeraError("input-invalid", `closure list: ${describeIssues(result.error)}`);
}

function requireClosed(entries: ClosureList["entries"]): void {
  const paths = new Set<string>(entries.map(({ path }) => path));
  if (paths.size !== entries.length) {
    throw new ChimeraError("input-invalid", "closure list: entries: a path is there twice");
  }
  for (const { path, references } of entries) {
    const missing = references.find((reference) => !paths.has(reference));
    if (missing === undefined) continue;
    throw new ChimeraError("input-invalid", `closure list: ${path} refers to ${missing}, which is not in it`);
  }
}
