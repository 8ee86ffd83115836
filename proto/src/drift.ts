/** PURE. Drift: how a live node differs from the toplevel of its last accepted leaf. */
import { z } from "zod";
import { fitting } from "./fitting.ts";
import { DriftException, maxDriftExceptions } from "./drift-policy.ts";
import { Count, Digest, IsoTime, Word } from "./names.ts";

/** What happened to one managed entry of /etc, to what the closure declares beyond it, or to one path of the store. */
export const DriftKind = z.enum([
  "missing",
  "content",
  "wrong-target",
  "replaced-by-file",
  "replaced-by-directory",
  "replaced-by-link",
  "replaced-by-other",
  "mode",
  "owner",
  "parent",
  "stale",
  /** Flags, ACLs or extended attributes on what was declared without them. */
  "attributes",
  /** Something is mounted over it that the closure does not declare. */
  "covered",
  /** The overlay that the closure's /etc is made of is not there. */
  "unmounted",
  "foreign-system",
  /** A file beyond the closure that shadows or extends a unit of the closure, a mask included. */
  "unit-override",
  /** systemd works with another text of a unit than the one on disk. */
  "needs-reload",
  /** A setuid, setgid or capability wrapper. */
  "wrapper",
  /** Kernel parameters and modules of the running kernel. */
  "kernel",
  /** A user or group. */
  "account",
  /** A path of the closure is not in the store. */
  "store-missing",
  /** Its bytes are not those of the signed closure list; an empty one, as a power cut leaves it, too. */
  "store-content",
  /** Its bytes are right; mode, owner or time of something in it are not as Nix leaves them. */
  "store-metadata",
]);
export type DriftKind = z.infer<typeof DriftKind>;

/** One side of a difference, without content: content stays on the node. */
export const EntryFacts = z.object({
  /** `nar` is a whole store path: size and digest are those of its NAR. */
  type: z.enum(["missing", "file", "directory", "symlink", "other", "nar"]),
  /** Bytes; only files and NARs. */
  size: Count.optional(),
  sha256: Digest.optional(),
  target: z.string().max(4096).optional(),
  /** Permission bits, four octal digits. */
  mode: z
    .string()
    .regex(/^[0-7]{4}$/)
    .optional(),
  uid: Count.optional(),
  gid: Count.optional(),
  /** "immutable", "append-only", or the name of an extended attribute. */
  attributes: z.array(z.string().max(256)).max(32).optional(),
  /** A value that is no file, as a user's shell or a kernel parameter. */
  text: z.string().max(1024).optional(),
  /** More of it in words; of a store path, which file shows the difference. Names in it are not to be trusted. */
  detail: z.string().max(1024).optional(),
});
export type EntryFacts = z.infer<typeof EntryFacts>;

export const DriftItem = z.object({
  /** Absolute path, control characters escaped by the reader before it is shown. */
  path: z.string().max(4096),
  kind: DriftKind,
  expected: EntryFacts,
  found: EntryFacts,
});
export type DriftItem = z.infer<typeof DriftItem>;

const ToldFacts = EntryFacts.extend({ type: Word });

/** As whoever is told of it reads it: a newer agent may know kinds that this reader does not. */
export const ToldDrift = DriftItem.extend({ kind: Word, expected: ToldFacts, found: ToldFacts });
export type ToldDrift = z.infer<typeof ToldDrift>;

const maxOpen = 50;

/** How far the node has looked through the store paths of its accepted system. */
export const StoreDrift = z.object({
  /** End of the last walk over names, sizes, modes and times. */
  lastWalkAt: IsoTime.nullable(),
  /** When every byte had been hashed since the round before. */
  lastRoundAt: IsoTime.nullable(),
  paths: Count,
  /** Of NARs whose hash was the signed one in the round that runs. */
  verifiedBytes: Count,
  totalBytes: Count,
});
export type StoreDrift = z.infer<typeof StoreDrift>;

export const DriftSummary = z.object({
  lastSweepAt: IsoTime.nullable(),
  /** Between two sweeps; absent from older agents. */
  sweepSeconds: Count.optional(),
  /** Entries compared in the last sweep. */
  managed: Count,
  /** What differs now and is not (yet) put back. */
  open: fitting(
    ToldDrift.extend({
      /** Why it is not put back. */
      why: z.string().max(512).optional(),
    }),
    maxOpen,
  ),
  openCount: Count,
  /** Reverts since the agent started. */
  reverted: Count,
  /** False while changes, of /etc or beyond it, are only found by the sweep; absent before the first watch, and from older agents. */
  watching: z.boolean().optional(),
  /** What cannot be compared on this node, and why. */
  unseen: z.array(z.string().max(512)).max(16).optional(),
  /** What signed orders leave alone now. */
  exceptions: fitting(DriftException, maxDriftExceptions).optional(),
  /** Paths that somebody fights over: only reported until then. */
  fought: fitting(z.object({ path: z.string().max(4096), until: IsoTime, trips: Count }), maxOpen).optional(),
  /** Absent where the store is not compared. */
  store: StoreDrift.optional(),
});
export type DriftSummary = z.infer<typeof DriftSummary>;
