/** PURE. What a node shows of one path by a signed order: why it is managed, what differs, and content where that may be shown. */
import { z } from "zod";
import { DriftItem, EntryFacts } from "./drift.ts";
import { DriftMode } from "./drift-policy.ts";
import { Count, Digest, FleetId, IsoTime, NodeName, Word } from "./names.ts";
import { canonicalBase64, openEnvelope, type Envelope } from "./signed/envelope.ts";
import type { PublicKeyText } from "./signed/keys.ts";
import { maxShownBytes } from "./signed/order.ts";

const words = z.string().max(1024);

/** Absent in what older agents say. */
const about = {
  /** Of what it is a part: `etc`, `mounts`, `pointers`, `units`, `wrappers`, `kernel`, `accounts`, `store`. */
  part: Word.optional(),
  /** In a sentence. */
  because: words.optional(),
};

/** Why a path is kept as it is, or why not. */
export const Explanation = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("managed"),
    toplevel: z.string().max(4096),
    /** The entry of the closure that declares it. */
    entry: z.string().max(8192),
    expected: EntryFacts,
    ...about,
  }),
  /** A list says that others may change it. */
  z.object({
    kind: z.literal("left-alone"),
    by: z.enum(["built-in list", "the node's configuration"]),
    glob: words,
    reason: words,
    /** Whether the closure declares it nevertheless. */
    declared: z.boolean(),
    ...about,
  }),
  /** Where things are compared, and the closure says nothing of it. */
  z.object({ kind: z.literal("undeclared"), ...about }),
  /** Nothing there is compared. */
  z.object({ kind: z.literal("outside"), ...about }),
  /** No system that was signed for this node is active. */
  z.object({ kind: z.literal("unknown"), reason: words, ...about }),
]);
export type Explanation = z.infer<typeof Explanation>;

/** The last change of the file that the kernel's audit has, by a rule with a key. */
const AuditFacts = z.object({
  at: IsoTime,
  /** Who logged in, whatever he became since; null for a service. */
  auid: Count.nullable(),
  user: z.string().max(256).nullable(),
  uid: Count.nullable(),
  pid: Count,
  command: z.string().max(256),
  exe: z.string().max(4096).nullable(),
  key: z.string().max(256),
});
export type AuditFacts = z.infer<typeof AuditFacts>;

/** Who changed it, only where that was seen; whoever is logged in is beside that, and no proof. */
export const Culprit = z.object({
  by: z.discriminatedUnion("kind", [
    /** It had the file open for writing when the change was found. */
    z.object({ kind: z.literal("writer"), pid: Count, command: z.string().max(256), uid: Count }),
    z.object({ kind: z.literal("unknown") }),
  ]),
  audit: AuditFacts.optional(),
  loggedIn: z.array(z.string().max(128)).max(16),
});
export type Culprit = z.infer<typeof Culprit>;

/** What is kept of a file that was in the place of a managed entry. */
export const EvidenceFacts = z.object({
  id: z.string().max(256),
  path: z.string().max(4096),
  at: IsoTime,
  facts: EntryFacts,
  modifiedAt: IsoTime,
  /** Bytes that are kept; fewer than its size when it is long. */
  keptBytes: Count,
  /** Everybody on the node could read it. */
  worldReadable: z.boolean(),
  /** Names that the file had. */
  links: Count,
  culprit: Culprit.optional(),
});
export type EvidenceFacts = z.infer<typeof EvidenceFacts>;

const ShownSide = z.object({
  base64: canonicalBase64(Math.ceil(maxShownBytes / 3) * 4),
  size: Count,
});
export type ShownSide = z.infer<typeof ShownSide>;

export const ShownContent = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("shown"), expected: ShownSide.nullable(), found: ShownSide.nullable() }),
  z.object({ kind: z.literal("not-shown"), reason: words }),
]);
export type ShownContent = z.infer<typeof ShownContent>;

export const ShownFacts = z.object({
  path: z.string().max(4096),
  at: IsoTime,
  explanation: Explanation,
  /** What policy says of the path now. */
  stance: z.object({
    mode: DriftMode,
    why: words,
    /** `default`, `module`, `head`, `order`, `hold`, or `agent`, which only reports what it has reason to leave. */
    setBy: Word.optional(),
    /** What somebody does who wants it otherwise. */
    change: words.optional(),
  }),
  /** What differs now. */
  open: DriftItem.nullable(),
  /** What is there now, whether that differs or not. */
  now: EntryFacts.optional(),
  /** Who made what differs now, where that was asked for. */
  culprit: Culprit.optional(),
  /** The newest first. */
  evidence: z.array(EvidenceFacts).max(16),
  /** What the content is of: the path now, or the evidence of that id. */
  of: z.string().max(256).nullable(),
  content: ShownContent,
});
export type ShownFacts = z.infer<typeof ShownFacts>;

export const DriftShown = ShownFacts.extend({
  v: z.literal(1),
  kind: z.literal("shown"),
  fleetId: FleetId,
  node: NodeName,
  /** The order that it answers. */
  order: Digest,
});
export type DriftShown = z.infer<typeof DriftShown>;

/** Verifies against the node key of a proven leaf, then parses. Throws signature-invalid or input-invalid. */
export function openShown(envelope: Envelope, nodeKey: PublicKeyText): DriftShown {
  const role = { keys: [nodeKey], threshold: 1 };
  return openEnvelope(envelope, { kind: "shown", role }, DriftShown).message;
}
