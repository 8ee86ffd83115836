/** PURE. Drift as a person reads it: what it should be, what it was; names of files are never trusted. */
import { msOf } from "@chimera/proto/acceptance/verdict";
import type { NodeView } from "@chimera/proto/api";
import type { DriftSummary, ToldDrift } from "@chimera/proto/drift";
import type { DriftException } from "@chimera/proto/drift-policy";
import type { NodeEvent } from "@chimera/proto/event";
import type { NodeName } from "@chimera/proto/names";
import type { NodeStatus } from "@chimera/proto/status";
import type { AgeMs } from "./age.ts";
import type { Paint } from "./paint.ts";
import { printableLine, printablePath } from "./printable.ts";
import { table } from "./table.ts";
import { bytes, duration } from "./units.ts";

interface OpenDrift {
  node: NodeName;
  item: DriftSummary["open"][number];
}

export interface DriftInput {
  open: readonly OpenDrift[];
  /** Nodes that have more than they list. */
  hidden: readonly { node: NodeName; count: number }[];
  /** Nodes on which only the sweep finds changes. */
  unwatched: readonly NodeName[];
  /** Nodes that have not looked for long, and since when; null: never. */
  unlooked?: readonly { node: NodeName; since: string | null }[];
  /** What nodes cannot compare, and why. */
  unseen: readonly { node: NodeName; what: string }[];
  exceptions: readonly ExceptionRow[];
  fought: readonly FoughtRow[];
  reverted: readonly NodeEvent[];
  ageMs: AgeMs;
}

export interface ExceptionRow extends DriftException {
  node: NodeName;
  /** Signed by the node. */
  verified: boolean;
}

interface FoughtRow {
  node: NodeName;
  path: string;
  until: string;
  trips: number;
}

export function driftTable(input: DriftInput, paint: Paint): string {
  const { open, hidden, unwatched, unlooked = [], unseen, exceptions, fought, reverted, ageMs } = input;
  const rows = open.map(({ node, item }) => [
    node,
    paint("red", item.kind),
    ...difference(item),
    printableLine(item.why ?? ""),
  ]);
  const lost = unwatched.map((node) => `${node}: /etc is not watched, only the sweep finds changes\n`);
  const blind = unseen.map(({ node, what }) => `${node}: not compared: ${printableLine(what)}\n`);
  const idle = unlooked.map(({ node, since }) => `${node}: ${unlookedText(since)}\n`);
  const more = [
    ...hidden.map(({ node, count }) => `${node}: ${count} more\n`),
    ...idle,
    ...lost,
    ...blind,
  ].join("");
  const parts = [
    rows.length === 0
      ? nothingText({ unlooked: unlooked.length, unseen: unseen.length })
      : table(["NODE", "KIND", "PATH", "EXPECTED", "FOUND", "WHY"], rows, paint),
    more,
    fought.length === 0 ? "" : `\nfought over, reported only:\n${foughtTable(fought, paint)}`,
    exceptions.length === 0 ? "" : `\nignored by orders:\n${exceptionTable(exceptions, paint)}`,
    revertedText(reverted, ageMs, paint),
  ];
  return parts.join("");
}

/** Of a node that does not look nothing is known. */
function nothingText({ unlooked, unseen }: Record<"unlooked" | "unseen", number>): string {
  if (unlooked > 0) return "no difference is known\n";
  return unseen > 0
    ? "nothing differs from the signed state, of what is compared\n"
    : "nothing differs from the signed state\n";
}

/** An agent that does not say how often it looks is an older one, which looks each minute unless told otherwise. */
const usualSweepSeconds = 60;

/** Of the last look, by the node's own clock: three sweeps were left out. Undefined where it has looked lately. */
export function unlookedSince({ at, drift }: Pick<NodeStatus, "at" | "drift">): string | null | undefined {
  const { lastSweepAt, sweepSeconds = usualSweepSeconds } = drift;
  if (lastSweepAt === null) return null;
  return msOf(at) - msOf(lastSweepAt) > 3 * sweepSeconds * 1000 ? lastSweepAt : undefined;
}

export function unlookedText(since: string | null): string {
  return since === null ? "not looked at yet" : `not looked at since ${since}`;
}

function revertedText(reverted: readonly NodeEvent[], ageMs: AgeMs, paint: Paint): string {
  const rows = reverted.flatMap((event) =>
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
  if (rows.length === 0) return "";
  const head = ["WHEN", "NODE", "KIND", "PATH", "EXPECTED", "FOUND", "TOOK"];
  return `\nput back lately:\n${table(head, rows, paint)}`;
}

function foughtTable(fought: readonly FoughtRow[], paint: Paint): string {
  const rows = fought.map(({ node, path, until, trips }) => [node, printablePath(path), until, `${trips}`]);
  return table(["NODE", "PATH", "UNTIL", "TIMES"], rows, paint);
}

/** By the nodes' own word. */
export function exceptionRows(views: readonly NodeView[], nowMs: number): ExceptionRow[] {
  return views.flatMap(({ node, status, verified }) =>
    (status?.drift.exceptions ?? [])
      .filter(({ until }) => msOf(until) >= nowMs)
      .map((entry) => ({ node, verified, ...entry })),
  );
}

export function exceptionTable(rows: readonly ExceptionRow[], paint: Paint): string {
  const cells = rows.map(({ node, glob, until, author, reason, verified }) => [
    node,
    printablePath(glob),
    until,
    printableLine(author),
    verified ? printableLine(reason) : paint("red", "not signed by the node"),
  ]);
  return table(["NODE", "PATH", "UNTIL", "BY", "REASON"], cells, paint);
}

function difference({ path, expected, found }: ToldDrift): string[] {
  return [printablePath(path), factsText(expected), factsText(found)];
}

export function factsText(facts: ToldDrift["found"]): string {
  const { type, size, sha256, target, mode, uid, gid, attributes = [], text, detail } = facts;
  const words = [
    // A value that is no file speaks for itself.
    text === undefined ? type : printablePath(text),
    size === undefined ? "" : bytes(size),
    sha256 === undefined ? "" : sha256.slice(0, 8),
    target === undefined ? "" : `-> ${printablePath(target)}`,
    mode ?? "",
    uid === undefined ? "" : `${uid}:${gid ?? "?"}`,
    ...attributes.map(printablePath),
    detail === undefined ? "" : `(${printablePath(detail)})`,
  ];
  return words.filter((word) => word !== "").join(" ");
}
