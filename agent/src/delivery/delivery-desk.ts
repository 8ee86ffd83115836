/**
 * SHELL. Signed documents that somebody brought to this node himself, as by ssh: judged by the one function that judges what
 * the store shows, in the same order. Whoever brings them can say nothing that NATS could not.
 */
import type { Incoming } from "@chimera/proto/acceptance/accept";
import { newestOf, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Verdict } from "@chimera/proto/acceptance/verdict";
import type { DeliveredDocuments, DeliveryVerdict, NodeReport } from "@chimera/proto/delivery";
import type { LocalAnswer, LocalRequest, LocalStatus } from "@chimera/proto/local-api";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";

type CarriedRequest = Extract<LocalRequest, { command: "deliver" | "report" }>;

export interface DeliveryDeskOptions {
  take: (incoming: Incoming) => Verdict;
  trust: () => TrustState | null;
  /** The status that the node would send to NATS. */
  signedStatus: () => Envelope;
  status: () => LocalStatus;
  rollout: () => RolloutRecord | null;
  /** A head or panic was accepted: people may want to watch what comes of it. */
  onAccepted: (serial: number) => void;
}

export interface DeliveryDesk {
  answer: (request: CarriedRequest) => LocalAnswer;
}

export function createDeliveryDesk(options: DeliveryDeskOptions): DeliveryDesk {
  return {
    answer(request) {
      if (request.command === "report") return answerOf(options, "reported", {});
      const verdicts = take(request.documents, options);
      if (verdicts.some(isNews)) announce(options);
      return answerOf(options, "delivered", { verdicts });
    },
  };
}

function answerOf(
  options: DeliveryDeskOptions,
  outcome: "delivered" | "reported",
  more: { verdicts?: DeliveryVerdict[] },
): LocalAnswer {
  return { v: 1, ok: true, outcome, status: options.status(), ...more, report: reportOf(options) };
}

function announce({ trust, onAccepted }: DeliveryDeskOptions): void {
  const newest = newestOf(trust() ?? { head: null, panic: null });
  if (newest !== null) onAccepted(newest.place.serial);
}

/** Of these the node makes something that can be watched. */
function isNews({ document, verdict }: DeliveryVerdict): boolean {
  return verdict === "accepted" && (document === "head" || document === "panic");
}

/** Keys first, then what the head is judged by: as one look at the store does it. */
function take(documents: DeliveredDocuments, { take: judge }: DeliveryDeskOptions): DeliveryVerdict[] {
  const { keySets, fresh, panic, head } = documents;
  const incoming: Incoming[] = [
    ...keySets.map((envelope): Incoming => ({ kind: "keys", envelope })),
    ...(fresh === null ? [] : [{ kind: "fresh", envelope: fresh } as const]),
    ...(panic === null ? [] : [{ kind: "panic", ...panic } as const]),
    ...(head === null ? [] : [{ kind: "head", ...head } as const]),
  ];
  return incoming.flatMap((one) => verdictOf(one.kind, judge(one)));
}

function verdictOf(document: Incoming["kind"], verdict: Verdict): DeliveryVerdict[] {
  if (document === "order") return [];
  const said = { document, code: null, reason: "" };
  switch (verdict.kind) {
    case "accepted":
    case "known":
      return [{ ...said, verdict: verdict.kind }];
    case "needs-leaf":
      return [
        { ...said, verdict: "refused", code: "leaf-unproven", reason: "the bundle has no leaf for it" },
      ];
    case "needs-head": {
      const reason = `the bundle does not hold head ${verdict.id}, which it undoes`;
      return [{ ...said, verdict: "refused", code: "panic-void", reason }];
    }
    case "refused":
      return [{ ...said, verdict: "refused", code: verdict.code, reason: verdict.reason }];
  }
}

function reportOf({ trust, signedStatus, rollout }: DeliveryDeskOptions): NodeReport {
  return { status: signedStatus(), rollout: rollout(), ...acceptedOf(trust()) };
}

function acceptedOf(state: TrustState | null): Pick<NodeReport, "keys" | "head" | "panic" | "proofs"> {
  if (state === null) return { keys: null, head: null, panic: null, proofs: [] };
  const { keys, head, panic, leaves } = state;
  return {
    keys,
    head: head?.envelope ?? null,
    panic: panic?.envelope ?? null,
    proofs: leaves.map(({ proof }) => proof),
  };
}
