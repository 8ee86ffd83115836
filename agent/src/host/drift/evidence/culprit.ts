/** SHELL. Who changed a file: an open handle, the kernel's audit, and beside both who is logged in. Reads all of /proc. */
import type { Culprit } from "@chimera/proto/drift-shown";
import type { AuditSearch, FoundFile } from "./find-audited.ts";
import { findWriter } from "./find-writer.ts";
import { readLoggedIn } from "./logged-in.ts";

export async function findCulprit(audit: AuditSearch, found: FoundFile): Promise<Culprit> {
  const writer = await findWriter(found.inode);
  const loggedIn = await readLoggedIn();
  const by: Culprit["by"] = writer === null ? { kind: "unknown" } : { kind: "writer", ...writer };
  const audited = await audit.find(found);
  return { by, loggedIn, ...(audited === null ? {} : { audit: audited }) };
}
