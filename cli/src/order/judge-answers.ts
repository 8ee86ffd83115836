/** PURE. What the nodes made of an order, by their own signatures: the controller, which carries the answers, is not believed. */
import type { OrderResult } from "@chimera/proto/api";
import { openShown, type DriftShown } from "@chimera/proto/drift-shown";
import { ChimeraError, errorChain, isErrorCode } from "@chimera/proto/errors";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import { openSessionAnswer, type SessionAnswer } from "@chimera/proto/sessions/order-answer";
import { payloadType, type Envelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt } from "@chimera/proto/signed/receipt";

const mostNamed = 12;

export type NodeAnswer =
  /** With what the order asked to be shown. */
  | { node: NodeName; kind: "accepted"; at: string; shown?: DriftShown; session?: SessionAnswer }
  | { node: NodeName; kind: "refused"; code: string; reason: string }
  /** It says that it accepted, and cannot show it. */
  | { node: NodeName; kind: "unproven"; reason: string }
  | { node: NodeName; kind: "silent" }
  /** Its turn has not come. */
  | { node: NodeName; kind: "waiting" };

export interface SentOrder {
  id: Digest;
  fleetId: FleetId;
  /** Whose answer is due; one that the controller does not mention was silent. */
  nodes: readonly NodeName[];
  /** Of proven leaves. */
  nodeKeys: ReadonlyMap<NodeName, PublicKeyText>;
}

/** Sorted as `nodes`. */
export function judgeAnswers({ answers }: OrderResult, order: SentOrder): NodeAnswer[] {
  const byNode = new Map(answers.map(({ node, answer }) => [node, answer]));
  return order.nodes.map((node): NodeAnswer => {
    const answer = byNode.get(node) ?? { kind: "silent" };
    switch (answer.kind) {
      case "silent":
      case "waiting":
        return { node, kind: answer.kind };
      case "refused":
        return { node, kind: "refused", code: answer.code, reason: answer.message };
      case "accepted":
        return withShown(judgeReceipt(answer.receipt, order, node), answer.shown, order);
    }
  });
}

function withShown(answer: NodeAnswer, envelope: Envelope | undefined, order: SentOrder): NodeAnswer {
  const nodeKey = order.nodeKeys.get(answer.node);
  if (answer.kind !== "accepted" || envelope === undefined || nodeKey === undefined) return answer;
  const { node } = answer;
  try {
    const { about, ...said } = openAnswer(envelope, nodeKey);
    const isIts = about.order === order.id && about.node === node && about.fleetId === order.fleetId;
    if (isIts) return { ...answer, ...said };
    return { node, kind: "unproven", reason: "what it shows is of another order, node or fleet" };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { node, kind: "unproven", reason: errorChain(error) };
  }
}

function openAnswer(envelope: Envelope, nodeKey: PublicKeyText) {
  if (envelope.payloadType === payloadType("answer")) {
    const about = openSessionAnswer(envelope, nodeKey);
    return { about, session: about.answer };
  }
  const shown = openShown(envelope, nodeKey);
  return { about: shown, shown };
}

function judgeReceipt(envelope: Envelope, order: SentOrder, node: NodeName): NodeAnswer {
  const nodeKey = order.nodeKeys.get(node);
  if (nodeKey === undefined) {
    return { node, kind: "unproven", reason: "no signed world has a leaf of this node to know its key by" };
  }
  try {
    const receipt = openReceipt(envelope, nodeKey);
    const { kind, id } = receipt.document;
    const isIts = kind === "order" && id === order.id;
    const isOwn = receipt.node === node && receipt.fleetId === order.fleetId;
    if (isIts && isOwn) return { node, kind: "accepted", at: receipt.times.ack };
    return { node, kind: "unproven", reason: "its receipt is about another document, node or fleet" };
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    return { node, kind: "unproven", reason: errorChain(error) };
  }
}

/** Throws unless all accepted: a refusal outweighs silence. */
export function requireAccepted(answers: readonly NodeAnswer[]): void {
  const [refused] = answers.filter(({ kind }) => kind === "refused" || kind === "unproven");
  if (refused !== undefined) {
    const code = refused.kind === "refused" ? refused.code : "signature-invalid";
    const said = counted(answers, ["refused", "unproven"]);
    throw new ChimeraError(isErrorCode(code) ? code : "tool-failed", `${said} did not accept the order`);
  }
  if (answers.some(({ kind }) => kind === "silent")) {
    throw new ChimeraError("deadline-exceeded", `${counted(answers, ["silent"])} did not answer`);
  }
}

function counted(answers: readonly NodeAnswer[], kinds: readonly NodeAnswer["kind"][]): string {
  const names = answers.filter(({ kind }) => kinds.includes(kind)).map(({ node }) => node);
  const shown = names.length > mostNamed ? [...names.slice(0, mostNamed), "…"] : names;
  return `${names.length} of ${answers.length} nodes (${shown.join(", ")})`;
}
