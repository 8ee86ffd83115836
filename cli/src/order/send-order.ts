/** SHELL. Sends a signed hold or release to its nodes, and tells what each made of it, by the nodes' own signatures. */
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openOrder, type Order } from "@chimera/proto/signed/order";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { orderAnswerTable, type AnswerRow } from "../print/documents/order-answer-table.ts";
import { shownText } from "../print/drift/shown-text.ts";
import { printableJson } from "../print/printable.ts";
import { namesOfOrder } from "./names-of-order.ts";
import { judgeAnswers, requireAccepted, type NodeAnswer } from "./judge-answers.ts";

type Sender = Pick<Observer, "api" | "context" | "keys" | "current" | "nodes">;

/** Throws unless every node accepted it: deadline-exceeded where some were only silent. */
export async function sendOrder(
  io: Io,
  sender: Sender,
  { envelope, json }: { envelope: Envelope; json: boolean },
): Promise<void> {
  const { order, id } = openOrder(envelope, sender.keys.newest.set.roles.order);
  const answers = await collectAnswers(sender, envelope);
  if (json)
    io.out(`${printableJson({ order: id, action: order.action, notAfter: order.notAfter, answers }, 2)}\n`);
  else
    io.out(
      orderAnswerTable(
        answers.map((answer) => toRow(answer, order)),
        io.paint,
      ),
    );
  if (!json) for (const answer of answers) tellShown(io, answer);
  requireAccepted(answers);
}

function tellShown(io: Io, answer: NodeAnswer): void {
  if (answer.kind === "accepted" && answer.shown !== undefined)
    io.out(`\n${shownText(answer.shown, io.paint)}`);
}

/** What each named node made of it, by its own signature. */
export async function collectAnswers(sender: Sender, envelope: Envelope): Promise<NodeAnswer[]> {
  const { order, id } = openOrder(envelope, sender.keys.newest.set.roles.order);
  const result = await sender.api.postOrder(envelope);
  return judgeAnswers(result, {
    id,
    fleetId: sender.context.fleetId,
    nodes: namesOfOrder(order, sender),
    nodeKeys: new Map(sender.current.leaves.map(({ node, nodeKey }) => [node, nodeKey])),
  });
}

function toRow(answer: NodeAnswer, { notAfter, action }: Order): AnswerRow {
  const { node, kind } = answer;
  switch (answer.kind) {
    case "accepted":
      return { node, kind, detail: `at ${answer.at}, receipt verified` };
    case "refused":
      return { node, kind, detail: `${answer.code}: ${answer.reason}` };
    case "unproven":
      return { node, kind, detail: answer.reason };
    case "waiting":
      return { node, kind, detail: "gets it when its turn has come" };
    case "silent":
      return {
        node,
        kind,
        detail: action.kind === "drift-show" ? "" : `gets it when it comes back, until ${notAfter}`,
      };
  }
}
