/** SHELL. Turns the owner names of a declared file into ids, by /etc/passwd and /etc/group as they are now. */
import type { ExpectedEntry, OwnerIds } from "../../reconcile/drift/etc-entry.ts";
import { readSmallFile } from "../read-small-file.ts";

const databaseBytes = 8 * 1024 * 1024;

export async function resolveOwner(etcDir: string, entry: ExpectedEntry): Promise<OwnerIds> {
  if (entry.kind !== "file") return { uid: undefined, gid: undefined };
  return {
    uid: typeof entry.owner === "number" ? entry.owner : await lookUp(`${etcDir}/passwd`, entry.owner),
    gid: typeof entry.group === "number" ? entry.group : await lookUp(`${etcDir}/group`, entry.group),
  };
}

/** The first name of an id, as getpwuid(3); null where the database does not know it. */
export async function nameOfId(database: string, id: number): Promise<string | null> {
  const text = await readSmallFile(database, databaseBytes);
  const line = text?.split("\n").find((one) => one.split(":", 3)[2] === `${id}`);
  return line?.split(":", 1)[0]?.slice(0, 256) ?? null;
}

/** Both databases have the name in the first and the id in the third field. */
async function lookUp(database: string, name: string): Promise<number | undefined> {
  const text = await readSmallFile(database, databaseBytes);
  for (const line of text?.split("\n") ?? []) {
    const [candidate, , id] = line.split(":");
    if (candidate === name && id !== undefined && /^\d{1,10}$/.test(id)) return Number(id);
  }
  return undefined;
}
