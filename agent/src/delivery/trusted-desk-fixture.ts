/** PURE but for what is saved. Tests only: a delivery desk over a node's real trust, and bundles for that node. */
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Delivery } from "@chimera/proto/delivery";
import type { LocalAnswer, LocalRequest } from "@chimera/proto/local-api";
import { noLocalState } from "@chimera/proto/local-order";
import { createLog } from "@chimera/proto/log";
import { NodeName } from "@chimera/proto/names";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { proveLeaf, type Leaf } from "@chimera/proto/signed/world";
import { createSigner, firstKeySet, fleetId, node } from "../control/fleet-fixture.ts";
import { openTrust } from "../control/trust/open-trust.ts";
import { createTrustKeeper } from "../control/trust/trust-keeper.ts";
import { composeLocalStatus } from "../local/compose-local-status.ts";
import { facts as quietFacts, status as quietStatus } from "../local/local-fixture.ts";
import { createDeliveryDesk } from "./delivery-desk.ts";

export const nodeKey = createSigner(node);
export const otherNode = NodeName.parse("n2");

export interface TrustedDesk {
  answer: (request: LocalRequest) => LocalAnswer;
  /** Serials for which a session was opened. */
  opened: number[];
}

export function openTrustedDesk(save: (state: TrustState) => void): TrustedDesk {
  const opened: number[] = [];
  const identity = { node, nodeKey: nodeKey.publicKey };
  const sources = { stored: null, earlier: null, trustedKeys: firstKeySet, fleetId, identity, floor: null };
  const keeper = createTrustKeeper({
    start: openTrust(sources),
    identity,
    freshSeconds: 3600,
    floor: null,
    save,
    report: () => undefined,
    onJudged: () => undefined,
    log: createLog({ fields: {}, write: () => undefined }),
  });
  const desk = createDeliveryDesk({
    take: (incoming) => keeper.take(incoming),
    trust: keeper.state,
    signedStatus: () => seal("status", { ...quietStatus, fleetId }, [nodeKey]),
    status: statusNow,
    rollout: () => null,
    onAccepted: (serial) => void opened.push(serial),
  });
  const answer = (request: LocalRequest): LocalAnswer =>
    request.command === "deliver" || request.command === "report"
      ? desk.answer(request)
      : { v: 1, ok: true, outcome: "shown", status: statusNow() };
  return { answer, opened };
}

const statusNow = () => composeLocalStatus(quietFacts, noLocalState, Date.now());

/** A bundle for the fixture's node. */
export function bundleOf(
  documents: Partial<Delivery["documents"]>,
  over: Partial<Omit<Delivery, "documents">> = {},
): Delivery {
  const none = { keySets: [], fresh: null, panic: null, head: null };
  return {
    v: 1,
    kind: "delivery",
    fleetId,
    node,
    documents: { ...none, ...documents },
    closure: null,
    ...over,
  };
}

export function withLeaf(envelope: Envelope, leaves: readonly Leaf[]) {
  const proof = proveLeaf(leaves, node);
  if (proof === undefined) throw new Error("no leaf");
  return { envelope, proof };
}
