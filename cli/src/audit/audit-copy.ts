/** SHELL. How long the audit log was when this operator checked it last, and its root: whoever shortens it must change this machine too. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { Count, Digest, IsoTime, type FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { z } from "zod";
import { parseJson } from "../api/http.ts";
import { copyFolder } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";

const AuditCopy = z.object({
  v: z.literal(1),
  size: Count,
  root: Digest,
  at: IsoTime,
  /** The online key's word of then: with it others can be shown what was signed. */
  signed: Envelope.nullable(),
  /** As many entries of an earlier log were given up for lost. */
  lost: Count,
});
export type AuditCopy = z.infer<typeof AuditCopy>;

function auditCopyPath(io: Io, fleetId: FleetId): string {
  return join(copyFolder(io, fleetId), "audit.json");
}

/** Null where none was kept. Throws state-invalid for a damaged one. */
export async function readAuditCopy(io: Io, fleetId: FleetId): Promise<AuditCopy | null> {
  const path = auditCopyPath(io, fleetId);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ChimeraError("file-unreadable", path, { cause });
  });
  if (text === undefined) return null;
  const copy = AuditCopy.safeParse(parseJson(text));
  if (copy.success) return copy.data;
  throw new ChimeraError(
    "state-invalid",
    `${path} is damaged: restore it, or remove it to forget what was seen`,
  );
}

export async function writeAuditCopy(io: Io, fleetId: FleetId, copy: AuditCopy): Promise<void> {
  await replaceFile(auditCopyPath(io, fleetId), `${JSON.stringify(copy)}\n`);
}
