/** PURE. The small words of every document: node names, store paths, digests, times. */
import { z } from "zod";

/** One NixOS machine: a DNS label, so that it is a legal host name, subject token and file name. */
export const NodeName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a node name has 1-63 of a-z, 0-9 and -, no - at the ends")
  .brand<"NodeName">();
export type NodeName = z.infer<typeof NodeName>;

/** A path directly in /nix/store: 32 digits of Nix's base 32 (no e, o, t, u), a dash and a name of at most 211. */
export const StorePath = z
  .string()
  .regex(
    /^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+\-_?=][A-Za-z0-9+\-._?=]{0,210}$/,
    "a store path looks like /nix/store/<32 base-32 digits>-<name>",
  )
  .brand<"StorePath">();
export type StorePath = z.infer<typeof StorePath>;

/** A SHA-256 as 64 lower-case hex digits. */
export const Digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "a digest has 64 hex digits")
  .brand<"Digest">();
export type Digest = z.infer<typeof Digest>;

/** SHA-256 of the payload of a fleet's first key set. */
export const FleetId = Digest.brand<"FleetId">();
export type FleetId = z.infer<typeof FleetId>;

/** The RFC 6962 root over a world's leaves. */
export const WorldId = Digest.brand<"WorldId">();
export type WorldId = z.infer<typeof WorldId>;

/** A NAR hash as Nix prints it in `path-info --json` (SRI) or in a narinfo (base 32). */
export const NarHash = z
  .string()
  .regex(/^sha256[:-][0-9A-Za-z+/=]{43,64}$/, "a NAR hash begins with sha256- or sha256:");

/** UTC time as Date.toISOString writes it; others may write up to nanoseconds. */
export const IsoTime = z.iso.datetime({ offset: false }).max(30);

/** A count that fits a JavaScript number and a JSON reader of any language. */
export const Count = z.int().nonnegative();

/** Of a list that a newer writer may know more words of: it is shown as it is, and what is not known decides nothing. */
export const Word = z.string().regex(/^[a-z0-9-]{1,64}$/, "a word has 1-64 of a-z, 0-9 and -");

/** How many digits of a digest people are shown. */
export const shownDigits = 12;

/** The first digits of a digest, as every front end shows it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, shownDigits);
}
