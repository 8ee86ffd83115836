/**
 * SHELL. A head to one node alone, before any other has it. Without a store there is no compare-and-set, so this node is asked to decide:
 * of two operators who publish at once both begin with the same one, it takes the first head that it hears, and only one of them goes on.
 */
import type { Delivery } from "@chimera/proto/delivery";
import { ChimeraError, type ErrorCode } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { Io } from "../../io.ts";
import type { SshObserver } from "../fleet/ssh-observer.ts";
import { surveyNodes } from "../fleet/survey-nodes.ts";
import { reasonOf } from "../transport/remote-agent.ts";
import type { Ssh } from "../transport/ssh-client.ts";
import { deliverOne, type Delivered } from "./deliver-documents.ts";
import { giveWay } from "./give-way.ts";
import { refuseOvertaken, runAgain } from "./look-again.ts";
import type { SignedHead } from "./sign-head.ts";

/** A node that takes no head from anybody, as one that suspects a freeze, decides nothing: as many are tried. */
const mostTried = 5;

/** What a node refuses because it has another document. */
const conflicts: ReadonlySet<ErrorCode> = new Set([
  "order-equivocation",
  "order-stale",
  "keys-stale",
  "panic-not-followed",
]);

export function isConflictCode(code: ErrorCode): boolean {
  return conflicts.has(code);
}

export function isConflict(delivered: Delivered): boolean {
  return delivered.kind === "refused" && isConflictCode(delivered.error.code);
}

export interface FirstDelivery {
  ssh: Ssh;
  observer: SshObserver;
  signed: SignedHead;
  /** Sorted by node. */
  bundles: readonly Delivery[];
  tell: (delivered: Delivered) => void;
}

/**
 * What became of it, up to the first node that has it; the others are still to be brought it. Throws order-stale, order-equivocation,
 * panic-not-followed or keys-stale where a node has something else by now: then no other was touched.
 */
export async function deliverFirst(io: Io, first: FirstDelivery): Promise<Delivered[]> {
  const delivered: Delivered[] = [];
  for (const bundle of first.bundles.slice(0, mostTried)) {
    const one = (await overtaken(io, first, bundle.node)) ?? (await deliverOne(first.ssh, bundle));
    first.tell(one);
    delivered.push(one);
    if (one.kind === "refused" && isConflict(one)) await stop(io, first, one);
    if (one.kind === "taken") return delivered;
  }
  return delivered;
}

/** Who has another one already is not brought this one: a node that hears two of one place begins with neither. */
async function overtaken(
  io: Io,
  { ssh, observer, signed }: FirstDelivery,
  node: NodeName,
): Promise<Delivered | null> {
  const [now] = await surveyNodes(ssh, [node]);
  if (now?.kind !== "report") return null;
  try {
    refuseOvertaken(observer, [now], { nowMs: io.nowMs(), own: signed.id });
    return null;
  } catch (error) {
    if (error instanceof ChimeraError) return { kind: "refused", node, error, report: now.report };
    throw error;
  }
}

async function stop(
  io: Io,
  { observer, signed }: FirstDelivery,
  { node, error, report }: Extract<Delivered, { kind: "refused" }>,
): Promise<never> {
  await giveWay(io, observer, { signed, report });
  const both =
    error.code === "order-equivocation" ? `; ${node} heard both, and begins with neither until then` : "";
  throw new ChimeraError(
    error.code,
    `somebody published at the same time: ${reasonOf(error)}. No other node was brought head ${signed.head.serial}. ${runAgain}${both}`,
  );
}
