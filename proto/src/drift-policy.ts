/** PURE. What may be done about drift, as data: by the node's module, by a head, and by signed orders. */
import { z } from "zod";
import { IsoTime } from "./names.ts";

/** What happens to a path that differs from what is signed. */
export const DriftMode = z.enum(["revert", "report", "ignore"]);
export type DriftMode = z.infer<typeof DriftMode>;

/** Each one multiplies what a hostile name costs to be compared. */
const maxStars = 3;
const maxPathBytes = 4096;

/** Absolute and in one spelling: what names the same file in another way is refused, so that no rule is passed by. */
function isPlain(path: string): boolean {
  const [first, ...names] = path.split("/");
  return first === "" && names.length > 0 && names.every((name) => !["", ".", ".."].includes(name));
}

const plain = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((path) => path.length > longest || isPlain(path), "is not an absolute path without . and ..")
    .refine((path) => !/\p{Cc}/u.test(path), "has control characters")
    .refine((path) => Buffer.byteLength(path) < maxPathBytes, `has ${maxPathBytes} bytes or more`);

/** One path on a node. */
export const DriftPath = plain(maxPathBytes);

/** Paths on a node; no alternatives in parentheses, and few stars. */
export const DriftGlob = plain(1024)
  .refine((glob) => (glob.match(/\*/gu) ?? []).length <= maxStars, `has more than ${maxStars} stars`)
  .refine((glob) => !/[()]/u.test(glob), "has parentheses");

/** The glob that names this path and no other. What is no glob for other reasons (parentheses, stars) stays one that is refused. */
export function globOfPath(path: string): string {
  return path.replaceAll(/[\\*?[\]{}!+@|^$"]/gu, String.raw`\$&`);
}

/** Of a path class: the first rule that names a path counts. */
export const DriftRule = z.strictObject({
  glob: DriftGlob,
  mode: DriftMode,
  reason: z.string().min(1).max(512),
  /** Then it counts no more. */
  until: IsoTime.optional(),
});
export type DriftRule = z.infer<typeof DriftRule>;

export const maxDriftExceptions = 64;

/** What a signed order has left alone: it is only reported until then. */
export const DriftException = z.object({
  glob: DriftGlob,
  until: IsoTime,
  /** Of the order: an older one for the same paths changes nothing. */
  createdAt: IsoTime,
  author: z.string().max(256),
  reason: z.string().max(1024),
  /** It was ended before its time, and is kept so that an older order does not bring it back. */
  ended: z.boolean().default(false),
});
export type DriftException = z.infer<typeof DriftException>;
