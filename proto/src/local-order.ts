/**
 * PURE. What root does on a node by itself, without NATS and controller: apply a system, go back, hold. It is no signed
 * document: it ends at its time, or when a newer signed document is accepted, and the node reports it.
 */
import { z } from "zod";
import { Digest, IsoTime, StorePath } from "./names.ts";
import { Hold } from "./acceptance/trust-state.ts";
import { canonicalBytes, sha256 } from "./signed/canonical.ts";
import { Place } from "./signed/place.ts";

/** No local order or hold lasts longer, whatever a clock says. */
export const maxLocalSeconds = 7 * 86_400;
export const usualLocalSeconds = 3600;

export const LocalOrder = z.object({
  v: z.literal(1),
  kind: z.literal("local-order"),
  /** SHA-256 of the rest, so that journal and events can name it. */
  id: Digest,
  action: z.enum(["apply", "revert"]),
  toplevel: StorePath,
  /** Place of the newest signed document then: a higher one ends this. */
  base: Place,
  createdAt: IsoTime,
  /** Afterwards the node goes back to what is signed. */
  until: IsoTime,
  author: z.string().min(1).max(256),
  reason: z.string().max(1024),
});
export type LocalOrder = z.infer<typeof LocalOrder>;

/** /var/lib/chimera/local.json */
export const LocalState = z.object({
  v: z.literal(1),
  order: LocalOrder.nullable(),
  hold: Hold.nullable(),
  /** The boot in which root lets the node go on, though another system than the default was booted. */
  goesOnIn: z.string().max(64).optional(),
});
export type LocalState = z.infer<typeof LocalState>;

export const noLocalState: LocalState = { v: 1, order: null, hold: null };

/** With its id. */
export function createLocalOrder(order: Omit<LocalOrder, "id">): LocalOrder {
  return { ...order, id: sha256(canonicalBytes(order)) };
}
