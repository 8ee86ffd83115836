/** SHELL. One document to many nodes at once, and what each of them makes of it. A node that fails stops no other. */
import type { Delivery, DeliveryVerdict, NodeReport } from "@chimera/proto/delivery";
import { ChimeraError, isErrorCode } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import pLimit from "p-limit";
import type { Io } from "../../io.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { deliver, reasonOf, type Hurry, type RemoteAnswer } from "../transport/remote-agent.ts";
import type { Ssh } from "../transport/ssh-client.ts";

export type Delivered =
  /** It has the document, from now or before. */
  | { kind: "taken"; node: NodeName; report: NodeReport | null }
  /** It judged it, and refused. */
  | { kind: "refused"; node: NodeName; error: ChimeraError; report: NodeReport | null }
  | { kind: "unreached"; node: NodeName; error: ChimeraError };

const atOnce = 32;

/** `tell` is told of each as soon as it is known. */
export async function deliverDocuments(
  ssh: Ssh,
  { bundles, tell }: { bundles: readonly Delivery[]; tell: (delivered: Delivered) => void },
): Promise<Delivered[]> {
  const limit = pLimit(atOnce);
  return Promise.all(
    bundles.map((bundle) =>
      limit(async () => {
        const delivered = await deliverOne(ssh, bundle);
        tell(delivered);
        return delivered;
      }),
    ),
  );
}

/** Rejects only for a bug, or when this command is ended. */
export async function deliverOne(ssh: Ssh, bundle: Delivery, call: Hurry = {}): Promise<Delivered> {
  const { node } = bundle;
  try {
    return judge(node, await deliver(ssh, bundle, call), bundle.documents.panic === null ? "head" : "panic");
  } catch (error) {
    if (error instanceof ChimeraError) return { kind: "unreached", node, error };
    throw error;
  }
}

/** What is said of the document itself counts; a key set that did not follow is the reason where that was refused. */
function judge(
  node: NodeName,
  { verdicts = [], report: newest }: RemoteAnswer,
  document: "head" | "panic",
): Delivered {
  const report = newest ?? null;
  const own = verdicts.find((one) => one.document === document);
  if (own === undefined) {
    const error = new ChimeraError(
      "tool-failed",
      `${node}: its agent does not say what it made of the ${document}`,
    );
    return { kind: "refused", node, error, report };
  }
  if (own.verdict !== "refused") return { kind: "taken", node, report };
  return { kind: "refused", node, error: refusal(node, own), report };
}

function refusal(node: NodeName, { document, code, reason }: DeliveryVerdict): ChimeraError {
  const known = code !== null && isErrorCode(code) ? code : "tool-failed";
  const way =
    known === "freeze-suspected"
      ? ": sign a word of freshness in the controller's place, with its online key: --fresh-key FILE"
      : "";
  return new ChimeraError(known, `${node} refuses the ${document}: ${known}: ${printableLine(reason)}${way}`);
}

export function tellDelivered(io: Io, delivered: Delivered, json: boolean): void {
  const { kind, node } = delivered;
  const reason = kind === "taken" ? null : reasonOf(delivered.error);
  if (json) io.out(`${printableJson({ type: "delivered", node, outcome: kind, reason })}\n`);
  else io.err(reason === null ? `${node}: delivered\n` : `${reason}\n`);
}
