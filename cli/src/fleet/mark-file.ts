/** SHELL. A note beside an operator's copy, about one head: written whole, read by its version, removed when it is over. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { Digest, type FleetId } from "@chimera/proto/names";
import { z } from "zod";
import { parseJson } from "../api/http.ts";
import type { Io } from "../io.ts";
import { replaceFile } from "../replace-file.ts";
import { copyFolder } from "./operator-copy.ts";

const Mark = z.object({
  v: z.literal(1),
  /** Id of the head. */
  head: Digest,
});

export interface MarkFile {
  write: (io: Io, fleetId: FleetId, head: Digest) => Promise<void>;
  /** Null where there is none. Throws state-invalid with what to do about a damaged one. */
  read: (io: Io, fleetId: FleetId) => Promise<Digest | null>;
  remove: (io: Io, fleetId: FleetId) => Promise<void>;
}

export function markFile({ name, mend }: { name: string; mend: string }): MarkFile {
  const pathOf = (io: Io, fleetId: FleetId): string => join(copyFolder(io, fleetId), name);
  return {
    async write(io, fleetId, head) {
      const mark: z.infer<typeof Mark> = { v: 1, head };
      await replaceFile(pathOf(io, fleetId), `${JSON.stringify(mark)}\n`);
    },
    async read(io, fleetId) {
      const path = pathOf(io, fleetId);
      const text = await readFile(path, "utf8").catch((cause: unknown) => {
        if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
        throw new ChimeraError("file-unreadable", path, { cause });
      });
      if (text === undefined) return null;
      const mark = Mark.safeParse(parseJson(text));
      if (mark.success) return mark.data.head;
      throw new ChimeraError("state-invalid", `${path} is damaged: remove it, ${mend}`);
    },
    remove: (io, fleetId) => rm(pathOf(io, fleetId), { force: true }),
  };
}
