/** SHELL. Signs an order with the keys at hand; where they are not enough, it waits for the others' signatures. */
import { randomBytes } from "node:crypto";
import type { Digest } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { signersOf, type Envelope, type RoleKeys } from "@chimera/proto/signed/envelope";
import type { Order } from "@chimera/proto/signed/order";
import { author } from "../author.ts";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { signDocument } from "../signers/remote-signer.ts";
import { roleSigners } from "../signers/role-signers.ts";
import { newOrder, type OrderFacts } from "./new-order.ts";

export type SignedOrder =
  | { kind: "signed"; order: Order; id: Digest; envelope: Envelope }
  /** Stored as a proposal: `chimera sign` completes and sends it. */
  | { kind: "proposed"; order: Order; id: Digest; signedBy: string[]; threshold: number };

export type WantedOrder = Pick<OrderFacts, "nodes" | "action" | "reason" | "notAfterMs">;

/** By this operator, now, with a nonce of its own. */
export function draftOrder(io: Io, fleetId: OrderFacts["fleetId"], wanted: WantedOrder): Order {
  const nonce = randomBytes(16).toString("hex");
  return newOrder({ ...wanted, fleetId, nonce, author: author(io), nowMs: io.nowMs() });
}

export async function signOrder(
  io: Io,
  { api, context, keys }: Pick<Observer, "api" | "context" | "keys">,
  order: Order,
): Promise<SignedOrder> {
  const { id, envelope, signedBy, threshold } = await signHere(
    io,
    { context, role: keys.newest.set.roles.order },
    order,
  );
  if (signedBy.length >= threshold) return { kind: "signed", order, id, envelope };
  await api.putProposal(id, envelope);
  return { kind: "proposed", order, id, signedBy, threshold };
}

interface Signed {
  id: Digest;
  envelope: Envelope;
  /** May be fewer than the role needs. */
  signedBy: string[];
  threshold: number;
}

/** With the keys at hand, and for nobody else to complete. */
export async function signHere(
  io: Io,
  { context, role }: { context: Observer["context"]; role: RoleKeys },
  order: Order,
): Promise<Signed> {
  const signers = await roleSigners(io, context, { role: "order", keys: role });
  const payload = Buffer.from(JSON.stringify(order));
  const envelope = await signDocument("order", payload, signers);
  const signedBy = signersOf(envelope, { kind: "order", role });
  return { id: sha256(payload), envelope, signedBy, threshold: role.threshold };
}
