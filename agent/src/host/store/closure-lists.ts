/**
 * SHELL. Closure lists that this node has, each under the digest that a signed leaf names: fetched before, or brought by
 * somebody. Nothing else vouches for one, so it is looked at each time.
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { closureDigest, ClosureList, type ClosureEntry } from "@chimera/proto/signed/closure";
import type { Digest } from "@chimera/proto/names";
import { attempt } from "../errno-outcome.ts";
import { writeDurably } from "../state/state-file.ts";

export const maxListBytes = 128 << 20;
/** As many systems as a node goes back and forth between. */
const kept = 8;

/** Null where there is none that is the signed one. */
export function readClosureList(stateDir: string, digest: Digest): ClosureEntry[] | null {
  const path = join(folderOf(stateDir), `${digest}.json`);
  const size = attempt(() => statSync(path).size);
  if (size.kind === "failed" || size.value > maxListBytes) return null;
  const text = attempt(() => readFileSync(path, "utf8"));
  return text.kind === "failed" ? null : parseClosureList(text.value, digest);
}

/** Null for what is not the list of that digest. */
export function parseClosureList(text: string, digest: Digest): ClosureEntry[] | null {
  const list = ClosureList.safeParse(parseJson(text)).data;
  return list !== undefined && closureDigest(list.entries) === digest ? list.entries : null;
}

/** The oldest make room. Throws file-unreadable when the disk refuses. */
export function keepClosureList(stateDir: string, digest: Digest, entries: readonly ClosureEntry[]): void {
  const folder = folderOf(stateDir);
  writeDurably(join(folder, `${digest}.json`), `${JSON.stringify({ v: 1, entries })}\n`);
  const names = attempt(() => readdirSync(folder));
  if (names.kind === "failed") return;
  const byAge = names.value
    .map((name) => ({ name, time: attempt(() => statSync(join(folder, name)).mtimeMs) }))
    .toSorted((a, b) => timeOf(b.time) - timeOf(a.time));
  for (const { name } of byAge.slice(kept)) rmSync(join(folder, name), { force: true });
}

function timeOf(time: ReturnType<typeof attempt<number>>): number {
  return time.kind === "failed" ? 0 : time.value;
}

function folderOf(stateDir: string): string {
  return join(stateDir, "closures");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
