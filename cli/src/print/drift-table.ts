/** PURE. Drift as a person reads it: what it should be, what it was; names of files are never trusted. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import type { NodeEvent } from "@chimera/proto/event";
import type { NodeName } from "@chimera/proto/names";
import type { AgeMs } from "./age.ts";
import type { Paint } from "./paint.ts";
import { printablePath } from "./printable.ts";
import { table } from "./table.ts";
import { bytes, duration } from "./units.ts";

interface OpenDrift {
  node: NodeName;
  item: DriftItem;
}

export interface DriftInput {
  open: readonly OpenDrift[];
  /** Nodes that have more than they list. */
  hidden: readonly { node: NodeName; count: number }[];
  /** Nodes on which only the sweep finds changes. */
  unwatched: readonly NodeName[];
  reverted: readonly NodeEvent[];
  ageMs: AgeMs;
}

export function driftTable({ open, hidden, unwatched, reverted, ageMs }: DriftInput, paint: Paint): string {
  const rows = open.map(({ node, item }) => [node, paint("red", item.kind), ...difference(item)]);
  const lost = unwatched.map((node) => `${node}: /etc is not watched, only the sweep finds changes\n`);
  const more = [...hidden.map(({ node, count }) => `${node}: ${count} more\n`), ...lost].join("");
  const openText =
    rows.length === 0
      ? "nothing differs from the signed state\n"
      : table(["NODE", "KIND", "PATH", "EXPECTED", "FOUND"], rows, paint);
  const undone = reverted.flatMap((event) =>
    event.type === "drift-reverted"
      ? [
          [
            `${duration(ageMs(event.time))} ago`,
            event.source,
            event.data.item.kind,
            ...difference(event.data.item),
            `${event.data.ms} ms`,
          ],
        ]
      : [],
  );
  if (undone.length === 0) return `${openText}${more}`;
  const head = ["WHEN", "NODE", "KIND", "PATH", "EXPECTED", "FOUND", "TOOK"];
  return `${openText}${more}\nput back lately:\n${table(head, undone, paint)}`;
}

function difference({ path, expected, found }: DriftItem): string[] {
  return [printablePath(path), facts(expected), facts(found)];
}

function facts({ type, size, sha256, target, mode, uid, gid }: EntryFacts): string {
  const words = [
    type,
    size === undefined ? "" : bytes(size),
    sha256 === undefined ? "" : sha256.slice(0, 8),
    target === undefined ? "" : `-> ${printablePath(target)}`,
    mode ?? "",
    uid === undefined ? "" : `${uid}:${gid ?? "?"}`,
  ];
  return words.filter((word) => word !== "").join(" ");
}
