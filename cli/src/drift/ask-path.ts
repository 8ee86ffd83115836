/** SHELL. Asks one node to show a path, by a signed order, and takes what it answers only with that node's signature. */
import type { DriftShown } from "@chimera/proto/drift-shown";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { tellProposed } from "../order/give-order.ts";
import { requireAccepted } from "../order/judge-answers.ts";
import { collectAnswers } from "../order/send-order.ts";
import { draftOrder, signOrder } from "../order/sign-order.ts";

/** Others may have to sign it first. */
const hourMs = 3_600_000;

export interface Question {
  node: NodeName;
  path: string;
  evidence: string | null;
  maxBytes: number;
  reason: string;
}

/** Of an order that shows a path. */
export function questionOrder(io: Io, { context }: Observer, question: Question) {
  const { node, reason, ...asked } = question;
  const action = { kind: "drift-show" as const, ...asked };
  return draftOrder(io, context.fleetId, {
    nodes: [node],
    action,
    reason,
    notAfterMs: io.nowMs() + hourMs,
  });
}

/** Null where others must sign first: that was said then. Throws what the node refuses, and where it is silent. */
export async function askPath(
  io: Io,
  { observer, question, json }: { observer: Observer; question: Question; json: boolean },
): Promise<DriftShown | null> {
  const signed = await signOrder(io, observer, questionOrder(io, observer, question));
  if (signed.kind === "proposed") {
    tellProposed(io, signed, json);
    return null;
  }
  const answers = await collectAnswers(observer, signed.envelope);
  requireAccepted(answers);
  const [answer] = answers;
  if (answer?.kind === "accepted" && answer.shown !== undefined) return answer.shown;
  throw new ChimeraError(
    "tool-failed",
    `${question.node} accepted the order and shows nothing: its agent or the controller is older than it`,
  );
}
