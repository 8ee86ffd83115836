/** PURE. Proposals: what waits for whose signature. */
import { shortDigest, type Digest } from "@chimera/proto/names";
import type { AgeMs } from "../age.ts";
import type { Paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import { table } from "../table.ts";
import { duration } from "../units.ts";
import { countText, type RoleCount } from "./count-text.ts";
import type { Proposed } from "@chimera/proto/signed/proposed";

export interface ProposalRow {
  id: Digest;
  proposed: Proposed;
  createdAt: string;
  counts: RoleCount[];
  /** Why nobody needs to sign it any more. */
  over: string | null;
}

export function proposalTable(rows: readonly ProposalRow[], ageMs: AgeMs, paint: Paint): string {
  if (rows.length === 0) return "nothing waits for signatures\n";
  const cells = rows.map(({ id, proposed, createdAt, counts, over }) => [
    shortDigest(id),
    proposed.kind,
    printableLine(whatText(proposed)),
    printableLine(countText(counts)),
    duration(ageMs(createdAt)),
    over === null ? paint("green", "open") : printableLine(over),
  ]);
  return table(["ID", "KIND", "WHAT", "SIGNATURES", "AGE", "STATE"], cells, paint);
}

/** In a few words; none of them is believed before it is looked at. */
export function whatText(proposed: Proposed): string {
  switch (proposed.kind) {
    case "keys":
      return `key set ${proposed.document.version}`;
    case "head": {
      const { serial, mode, world, author, reason } = proposed.document;
      return `head ${serial}: ${mode} of ${shortDigest(world)} by ${author}${reason === "" ? "" : ` (${reason})`}`;
    }
    case "panic":
      return `undo head ${proposed.document.serial}: ${proposed.document.reason}`;
    case "order": {
      const { action, nodes, author, reason } = proposed.document;
      const whom = nodes === "all" ? "all nodes" : `${nodes.length} nodes`;
      return `${action.kind} for ${whom} by ${author}${reason === "" ? "" : ` (${reason})`}`;
    }
  }
}
