/**
 * PURE. A node asks for its next pass: POST /v1/nodes/{node}/pass, signed with its node key. What it gets is of use only to who has the seed
 * of that nkey, so an ask that is sent again by another opens nothing.
 */
import { z } from "zod";
import { FleetId, NodeName } from "../names.ts";
import { UserNkey } from "../nkey.ts";
import { Envelope, openEnvelope } from "../signed/envelope.ts";
import type { PublicKeyText } from "../signed/keys.ts";
import { PassText } from "./pass.ts";

export const PassAsk = z.object({
  v: z.literal(1),
  kind: z.literal("pass-ask"),
  fleetId: FleetId,
  node: NodeName,
  nkey: UserNkey,
});
export type PassAsk = z.infer<typeof PassAsk>;

export const PostPassAsk = z.object({ envelope: Envelope });
export type PostPassAsk = z.infer<typeof PostPassAsk>;

export const PassGiven = z.object({ pass: PassText });
export type PassGiven = z.infer<typeof PassGiven>;

/** Verifies against the node's registered key, then parses. Throws signature-invalid or input-invalid. */
export function openPassAsk(envelope: Envelope, nodeKey: PublicKeyText): PassAsk {
  const role = { keys: [nodeKey], threshold: 1 };
  return openEnvelope(envelope, { kind: "pass-ask", role }, PassAsk).message;
}
