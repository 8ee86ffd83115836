/** What is known of one path before it is said to anybody: each part of the machine looks at its own paths. */
import type { DriftItem, EntryFacts } from "@chimera/proto/drift";
import type { Explanation } from "@chimera/proto/drift-shown";
import type { DriftPart } from "../../../reconcile/drift/explain/drift-part.ts";
import type { Inode } from "../evidence/inode.ts";

export interface Side {
  bytes: Buffer;
  size: number;
  /** Four octal digits. */
  mode: string;
  /** Everybody may read it where it is. */
  isOpen: boolean;
  /** It has no other name, under which its mode might be meant. */
  isAlone: boolean;
  /** Of what is there now. */
  inode?: Inode;
}

type ReadSide = (maxBytes: number) => Promise<Side | null>;

export type Sides = { kind: "files"; expected: ReadSide; found: ReadSide } | { kind: "none"; reason: string };

export interface Sighted {
  /** Null where nothing is compared: then there is no policy either. */
  part: DriftPart | null;
  explanation: Explanation;
  /** What differs now, by a fresh look. */
  open: DriftItem | null;
  now: EntryFacts | null;
  /** Why it is only told, whatever policy says. */
  told: string | null;
  /** Neither rules nor windows count. */
  isRuleless: boolean;
  sides: Sides;
}

/** Null for a path that is none of its own. */
export type Viewer = (path: string) => Promise<Sighted | null>;

/** Of what nobody compares, or not now. */
export function notManaged(
  part: DriftPart | null,
  explanation: Exclude<Explanation, { kind: "managed" }>,
  now: EntryFacts | null = null,
): Sighted {
  const shown = part === null ? explanation : { ...explanation, part };
  const sides = { kind: "none", reason: "the path is not managed" } as const;
  return { part, explanation: shown, open: null, now, told: null, isRuleless: false, sides };
}

export interface ManagedSight {
  toplevel: string;
  /** What of the closure says so. */
  entry: string;
  expected: EntryFacts;
  because: string;
  open: DriftItem | null;
  now: EntryFacts | null;
  told?: string | null;
  isRuleless?: boolean;
  sides?: Sides;
}

export function managed(part: DriftPart, sight: ManagedSight): Sighted {
  const { toplevel, entry, expected, because, open, now, told = null, isRuleless = false } = sight;
  const { sides = { kind: "none", reason: "what differs there is no file" } } = sight;
  const explanation = { kind: "managed", toplevel, entry, expected, part, because } as const;
  return { part, explanation, open, now, told, isRuleless, sides };
}
