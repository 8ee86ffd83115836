/** PURE. What the fleet is told of a document that this node accepted. */
import type { Incoming } from "@chimera/proto/acceptance/accept";
import type { Verdict } from "@chimera/proto/acceptance/verdict";
import type { NodeEventBody } from "@chimera/proto/event";

type Accepted = Extract<Verdict, { kind: "accepted" }>;
type AcceptedEvent = Extract<NodeEventBody, { type: "document-accepted" }>;

/** Null for what comes every few minutes and says only that all is well. */
export function acceptedEvent(kind: Incoming["kind"], verdict: Accepted): AcceptedEvent | null {
  if (kind === "fresh") return null;
  const { id, signedBy } = verdict;
  return {
    type: "document-accepted",
    data: { document: kind, id, signedBy: signedBy.slice(0, 32), ...placeOf(kind, verdict) },
  };
}

function placeOf(kind: Incoming["kind"], { state: { head, panic } }: Accepted) {
  const found = kind === "head" ? head?.head : kind === "panic" ? panic?.panic : undefined;
  if (found === undefined) return { epoch: null, serial: null, world: null };
  const { epoch, serial, world } = found;
  return { epoch, serial, world };
}
