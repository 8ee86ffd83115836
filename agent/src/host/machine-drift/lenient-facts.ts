/** SHELL. What is at a name, as far as it can be said: a file that cannot be read still has a type, a mode and an owner. */
import type { EntryFacts } from "@chimera/proto/drift";
import { isOwnTrouble } from "../../reconcile/drift/own-trouble.ts";
import type { OpenDirectory } from "../drift/etc-directory.ts";
import { readFacts, unreadFacts } from "../drift/etc-facts.ts";
import type { Outcome } from "../errno-outcome.ts";

/** As readFacts; without a digest, and with the errno in `detail`, where only the content cannot be read. Fails by trouble of our own. */
export async function lenientFacts(
  directory: OpenDirectory,
  name: string,
  declaredBytes: number,
): Promise<Outcome<EntryFacts>> {
  const read = await readFacts(directory, name, declaredBytes);
  if (read.kind === "done" || isOwnTrouble(read.errno)) return read;
  return { kind: "done", value: unreadFacts(directory, name, read.errno) };
}
