/**
 * PURE. The file of `chimera receipt save`: all that proves what nodes said of a head or panic, for somebody who has
 * neither network nor configuration, only the fleet's id.
 */
import { Envelope } from "@chimera/proto/signed/envelope";
import { LeafProof } from "@chimera/proto/signed/world";
import { Digest, FleetId } from "@chimera/proto/names";
import { z } from "zod";

export const SavedReceipt = z.object({
  receipt: Envelope,
  /** The node's leaf, whose key signed the receipt, in the world of `head`. */
  proof: LeafProof,
  /** Id of one of the documents. */
  head: Digest,
});
export type SavedReceipt = z.infer<typeof SavedReceipt>;

export const ReceiptsFile = z.object({
  v: z.literal(1),
  kind: z.literal("chimera-receipts"),
  fleetId: FleetId,
  /** First to newest. */
  keySets: z.array(Envelope).min(1).max(1024),
  /** The heads and panics that the receipts are about, and the heads in whose worlds the leaves are. */
  documents: z.array(Envelope).max(128),
  receipts: z.array(SavedReceipt).max(100_000),
});
export type ReceiptsFile = z.infer<typeof ReceiptsFile>;
