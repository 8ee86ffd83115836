/** PURE. Documents that may need several people's signatures, as they lie before them. */
import { z } from "zod";
import { parsePayload, payloadOf, payloadType, type Envelope } from "./envelope.ts";
import { Head } from "./head.ts";
import { KeySet } from "./key-set.ts";
import { Order } from "./order.ts";
import { Panic } from "./panic.ts";
import { ChimeraError } from "../errors.ts";

export const ProposalKind = z.enum(["keys", "head", "panic", "order"]);
export type ProposalKind = z.infer<typeof ProposalKind>;

export type Proposed =
  | { kind: "keys"; document: KeySet }
  | { kind: "head"; document: Head }
  | { kind: "panic"; document: Panic }
  | { kind: "order"; document: Order };

/** Which kind of document it is; throws input-invalid for one that nobody proposes. */
export function proposalKindOf({ payloadType: type }: Envelope): ProposalKind {
  const kind = ProposalKind.options.find((option) => payloadType(option) === type);
  if (kind !== undefined) return kind;
  throw new ChimeraError("input-invalid", `payload type "${type}" is none that is proposed`);
}

/** Not verified here: whoever signs a proposal reads what others have signed so far. Throws input-invalid. */
export function parseProposed(kind: ProposalKind, envelope: Envelope): Proposed {
  const payload = payloadOf(envelope, kind);
  switch (kind) {
    case "keys":
      return { kind, document: parsePayload(payload, KeySet) };
    case "head":
      return { kind, document: parsePayload(payload, Head) };
    case "panic":
      return { kind, document: parsePayload(payload, Panic) };
    case "order":
      return { kind, document: parsePayload(payload, Order) };
  }
}
