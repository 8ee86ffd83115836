/** PURE. What the facts of a store path mean: as signed, to be read, or drift. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import type { ExpectedPath, HashFacts, WalkFacts } from "./store-path.ts";

export type WalkVerdict =
  /** As it was when its bytes were last compared. */
  | { kind: "clean"; stamp: string }
  /** Not known to be wrong; only its bytes can tell. */
  | { kind: "suspect"; stamp: string; metadata: string | null }
  /** Its bytes were not compared yet, and nothing speaks against them. */
  | { kind: "unread"; stamp: string }
  | { kind: "drifted"; item: DriftItem };

/** `verified` is the stamp of the path when its bytes were last found right; null where they were not. */
export function judgeWalk(expected: ExpectedPath, facts: WalkFacts, verified: string | null): WalkVerdict {
  if (facts.kind === "missing")
    return { kind: "drifted", item: item(expected, "store-missing", { type: "missing" }) };
  if (facts.kind === "unreadable") return { kind: "drifted", item: contentItem(expected, unreadable(facts)) };
  const { stamp, metadata, newest } = facts;
  const problem = shapeProblem(expected, facts);
  if (problem !== null) return { kind: "drifted", item: contentItem(expected, problem) };
  if (stamp === verified)
    return metadata === null
      ? { kind: "clean", stamp }
      : { kind: "drifted", item: metadataItem(expected, metadata) };
  const isUnread = verified === null && metadata === null && !newest.isLater;
  return isUnread ? { kind: "unread", stamp } : { kind: "suspect", stamp, metadata };
}

/** Null when the bytes are the signed ones. */
export function judgeHash(expected: ExpectedPath, facts: HashFacts, walked: WalkFacts): DriftItem | null {
  if (facts.kind === "unreadable") return contentItem(expected, unreadable(facts));
  const { sha256, size } = facts;
  if (sha256 === expected.narSha256) return null;
  const detail = walked.kind === "seen" ? { detail: clip(`changed last: ${walked.newest.at}`) } : {};
  return contentItem(expected, { type: "nar", size, sha256, ...detail });
}

/** For a path whose bytes are right. */
export function metadataItem(expected: ExpectedPath, detail: string): DriftItem {
  const { narSha256: sha256, narSize: size } = expected;
  return item(expected, "store-metadata", { type: "nar", size, sha256, detail: clip(detail) });
}

function shapeProblem(
  { narSize }: ExpectedPath,
  facts: Extract<WalkFacts, { kind: "seen" }>,
): EntryFacts | null {
  const { isWhole, foreign, newest } = facts;
  if (foreign !== null) return { type: "nar", detail: clip(`neither file, folder nor link: ${foreign}`) };
  if (!isWhole) return { type: "nar", detail: clip(`more than was signed; changed last: ${newest.at}`) };
  if (facts.narSize === narSize) return null;
  return { type: "nar", size: facts.narSize, detail: clip(`changed last: ${newest.at}`) };
}

function unreadable({ errno, at }: { errno: string; at: string }): EntryFacts {
  return { type: "nar", detail: clip(`${errno} at ${at}`) };
}

function contentItem(expected: ExpectedPath, found: EntryFacts): DriftItem {
  return item(expected, "store-content", found);
}

function item({ path, narSha256, narSize }: ExpectedPath, kind: DriftItem["kind"], found: EntryFacts) {
  return { path, kind, expected: { type: "nar" as const, size: narSize, sha256: narSha256 }, found };
}

function clip(text: string): string {
  return text.slice(0, 1024);
}
