/** PURE. What a controller signs of its audit log, and the few bytes of it that nodes carry: whoever shortens the log must change those too. */
import { z } from "zod";
import { Digest } from "../names.ts";

/** `root`: of the Merkle tree (RFC 6962) over the log's first `size` entries. */
export const AuditCheckpoint = z.object({ size: z.int().positive(), root: Digest });
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>;

/** In a beat: "4711.0123456789abcdef", the size and the first 8 bytes of the root. A newer agent may write it otherwise. */
export const AuditCarried = z.string().regex(/^[0-9a-z.]{1,40}$/u);
export type AuditCarried = z.infer<typeof AuditCarried>;

const carriedForm = /^([1-9]\d{0,14})\.([0-9a-f]{16})$/u;
const carriedDigits = 16;

export function carriedOf({ size, root }: AuditCheckpoint): AuditCarried {
  return `${size}.${root.slice(0, carriedDigits)}`;
}

/** The size, and what the root at that size begins with. Undefined for what is of a form that is not known here. */
export function readCarried(carried: AuditCarried): { size: number; root: string } | undefined {
  const [, size, root] = carriedForm.exec(carried) ?? [];
  return size === undefined || root === undefined ? undefined : { size: Number(size), root };
}
