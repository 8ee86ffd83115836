/** PURE. What a store path must be by the signed list, and what a look at one says. */
import { Count, Digest, type StorePath } from "@chimera/proto/names";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { z } from "zod";

/** One line of the signed closure list, as far as bytes are concerned. */
export interface ExpectedPath {
  path: StorePath;
  narSha256: Digest;
  narSize: number;
}

/** It vanished, changed or refused while it was looked at. */
const Unreadable = z.object({
  kind: z.literal("unreadable"),
  errno: z.string().max(64),
  at: z.string().max(4096),
});
export type Unreadable = z.infer<typeof Unreadable>;

/** What the file system says of a path without reading a byte of content. */
export const WalkFacts = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("missing") }),
  Unreadable,
  z.object({
    kind: z.literal("seen"),
    /** Exact, for it follows from names, sizes and link targets; a walk ends once it is above the signed one. */
    narSize: Count,
    /** False when the walk ended early. */
    isWhole: z.boolean(),
    /** Changes with any change time in the path. */
    stamp: z.string(),
    /** The first thing that a NAR cannot hold: a pipe, a socket, a device. */
    foreign: z.string().nullable(),
    /** The first file whose mode, owner or time is not as Nix leaves it. */
    metadata: z.string().nullable(),
    /** That file's mode and owner, where they hand out rights: such a file is named before any other. */
    grave: z.object({ mode: z.string().regex(/^[0-7]{4}$/), uid: Count }).nullable(),
    /** What changed last, and whether that was after the path was put in its place. */
    newest: z.object({ at: z.string(), isLater: z.boolean() }),
  }),
]);
export type WalkFacts = z.infer<typeof WalkFacts>;

/** What reading all of it says. */
export const HashFacts = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("hashed"), sha256: Digest, size: Count }),
  Unreadable,
]);
export type HashFacts = z.infer<typeof HashFacts>;

/** Null for a hash that is no SHA-256 in SRI form, which no list that was accepted holds. */
export function expectedPath({ path, narHash, narSize }: ClosureEntry): ExpectedPath | null {
  if (!narHash.startsWith("sha256-")) return null;
  const hex = Buffer.from(narHash.slice("sha256-".length), "base64").toString("hex");
  const narSha256 = Digest.safeParse(hex).data;
  return narSha256 === undefined ? null : { path, narSha256, narSize };
}
