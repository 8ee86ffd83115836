/** PURE. What the facts of a store path mean: as signed, to be read, drift, or nothing at all. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import { errnoName, saysDamage } from "./errno-meaning.ts";
import type { ExpectedPath, HashFacts, Unreadable, WalkFacts } from "./store-path.ts";

/** What one look found. Whether a difference counts is for the next look to say. */
export type Looked =
  | { kind: "clean" }
  /** Nothing speaks against it; its bytes were not compared. */
  | { kind: "unread" }
  | { kind: "drifted"; item: DriftItem }
  | Unknown;

/** The look failed for a reason that says nothing about the path. */
export interface Unknown {
  kind: "unknown";
  /** An errno, "worker" or "moving". */
  reason: string;
  at: string;
  /** Whether it was read by then, and not only walked. */
  wasRead: boolean;
}

export type WalkVerdict =
  /** As it was when its bytes were last compared. */
  | { kind: "clean" }
  /** Not known to be wrong; only its bytes can tell. */
  | { kind: "suspect" }
  /** Its bytes were not compared yet, and nothing speaks against them. */
  | { kind: "unread" }
  | { kind: "drifted"; item: DriftItem }
  | Unknown;

/** `verified` is the stamp of the path when its bytes were last found right; null where they were not. */
export function judgeWalk(expected: ExpectedPath, facts: WalkFacts, verified: string | null): WalkVerdict {
  if (facts.kind !== "seen") return judgeUnseen(expected, facts);
  const { stamp, metadata, grave, newest } = facts;
  const problem = shapeProblem(expected, facts);
  if (problem !== null) return { kind: "drifted", item: contentItem(expected, problem) };
  if (stamp === verified)
    return metadata === null
      ? { kind: "clean" }
      : { kind: "drifted", item: metadataItem(expected, metadata, grave) };
  const isUnread = verified === null && metadata === null && !newest.isLater;
  return isUnread ? { kind: "unread" } : { kind: "suspect" };
}

/** A reading between two walks. What is told is what the last of them saw: what passed meanwhile is over. */
export interface Reading {
  before: WalkFacts;
  hashed: HashFacts;
  after: WalkFacts;
}

export function judgeReading(expected: ExpectedPath, { before, hashed, after }: Reading): Looked {
  if (after.kind !== "seen") return judgeUnseen(expected, after);
  const problem = shapeProblem(expected, after);
  if (problem !== null) return { kind: "drifted", item: contentItem(expected, problem) };
  if (hashed.kind === "unreadable") return judgeRefusal(expected, hashed, { wasRead: true });
  const { sha256, size } = hashed;
  const { newest, metadata, grave } = after;
  if (sha256 !== expected.narSha256) {
    const detail = clip(`changed last: ${newest.at}`);
    return { kind: "drifted", item: contentItem(expected, { type: "nar", size, sha256, detail }) };
  }
  // The bytes were right, but are not known to be right now.
  if (!isStill({ before, after })) return { kind: "unknown", reason: "moving", at: newest.at, wasRead: true };
  return metadata === null
    ? { kind: "clean" }
    : { kind: "drifted", item: metadataItem(expected, metadata, grave) };
}

/** Whether nothing in the path changed from one walk to the other. */
export function isStill({ before, after }: Pick<Reading, "before" | "after">): boolean {
  return before.kind === "seen" && after.kind === "seen" && before.stamp === after.stamp;
}

/** For a path whose bytes are right. */
function metadataItem(expected: ExpectedPath, detail: string, grave: SeenPath["grave"]): DriftItem {
  const { narSha256: sha256, narSize: size } = expected;
  return item(expected, "store-metadata", { type: "nar", size, sha256, ...grave, detail: clip(detail) });
}

/** Whether something in it has rights that nobody gave it: that waits for no second look, and for no budget. */
export function handsOutRights({ kind, found }: DriftItem): boolean {
  return kind === "store-metadata" && (found.mode !== undefined || found.attributes !== undefined);
}

/** The same look, of a path in which files were found that bear capabilities or ACLs; `at`: the first of them. */
export function withRights(
  expected: ExpectedPath,
  looked: Looked,
  { at, attributes }: { at: string; attributes: readonly string[] },
): Looked {
  const isRight = looked.kind === "clean";
  if (!isRight && !(looked.kind === "drifted" && looked.item.kind === "store-metadata")) return looked;
  const detail = `${at}: ${attributes.join(", ")}`;
  const { found, ...rest } = isRight ? metadataItem(expected, detail, null) : looked.item;
  return {
    kind: "drifted",
    item: { ...rest, found: { ...found, attributes: attributes.slice(0, 32), detail: clip(detail) } },
  };
}

type SeenPath = Extract<WalkFacts, { kind: "seen" }>;

type Refused = Unknown | Extract<Looked, { kind: "drifted" }>;

function judgeUnseen(expected: ExpectedPath, facts: Exclude<WalkFacts, { kind: "seen" }>): Refused {
  if (facts.kind === "unreadable") return judgeRefusal(expected, facts, { wasRead: false });
  return { kind: "drifted", item: item(expected, "store-missing", { type: "missing" }) };
}

function judgeRefusal(
  expected: ExpectedPath,
  { errno, at }: Unreadable,
  { wasRead }: { wasRead: boolean },
): Refused {
  const reason = errnoName(errno);
  if (!saysDamage(errno)) return { kind: "unknown", reason, at, wasRead };
  return {
    kind: "drifted",
    item: contentItem(expected, { type: "nar", detail: clip(`${reason} at ${at}`) }),
  };
}

function shapeProblem({ narSize }: ExpectedPath, facts: SeenPath): EntryFacts | null {
  const { isWhole, foreign, newest } = facts;
  if (foreign !== null) return { type: "nar", detail: clip(`neither file, folder nor link: ${foreign}`) };
  if (!isWhole) return { type: "nar", detail: clip(`more than was signed; changed last: ${newest.at}`) };
  if (facts.narSize === narSize) return null;
  return { type: "nar", size: facts.narSize, detail: clip(`changed last: ${newest.at}`) };
}

function contentItem(expected: ExpectedPath, found: EntryFacts): DriftItem {
  return item(expected, "store-content", found);
}

function item(
  { path, narSha256, narSize }: ExpectedPath,
  kind: DriftItem["kind"],
  found: EntryFacts,
): DriftItem {
  return { path, kind, expected: { type: "nar", size: narSize, sha256: narSha256 }, found };
}

function clip(text: string): string {
  return text.slice(0, 1024);
}
