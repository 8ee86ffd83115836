/** SHELL. An order from what is wanted to what each node made of it: shown only (--dry-run), proposed, or signed and sent. */
import type { NodeName } from "@chimera/proto/names";
import type { Order } from "@chimera/proto/signed/order";
import { z } from "zod";
import type { Observer } from "../fleet/operator.ts";
import type { Io } from "../io.ts";
import { FleetOptions } from "../options.ts";
import { printableJson } from "../print/printable.ts";
import { readProject } from "../project/project-file.ts";
import { selectNodes } from "../project/select-nodes.ts";
import { sendOrder } from "./send-order.ts";
import { draftOrder, signOrder, type WantedOrder } from "./sign-order.ts";

/** Of whatever signs an order for nodes. */
export const OrderOptions = FleetOptions.extend({
  file: z.string().optional(),
  dryRun: z.boolean().default(false),
  reason: z.string().max(1024, "at most 1024 characters").default(""),
});
export type OrderOptions = z.infer<typeof OrderOptions>;

export async function giveOrder(
  io: Io,
  { observer, wanted }: { observer: Observer; wanted: WantedOrder },
  { json, dryRun }: Pick<OrderOptions, "json" | "dryRun">,
): Promise<void> {
  const order = draftOrder(io, observer.context.fleetId, wanted);
  if (dryRun) return tellDryRun(io, order, json);
  const signed = await signOrder(io, observer, order);
  if (signed.kind === "signed") return sendOrder(io, observer, { envelope: signed.envelope, json });
  tellProposed(io, signed, json);
}

export function tellDryRun(io: Io, order: Order, json: boolean): void {
  if (json) io.out(`${printableJson({ type: "plan", order }, 2)}\n`);
  else {
    const whom = order.nodes === "all" ? "all nodes" : order.nodes.join(", ");
    io.out(
      `${order.action.kind} for ${whom}, until ${order.notAfter}\nnothing was signed or sent (--dry-run)\n`,
    );
  }
}

export function tellProposed(
  io: Io,
  { id, signedBy, threshold }: { id: string; signedBy: readonly string[]; threshold: number },
  json: boolean,
): void {
  if (json) io.out(`${printableJson({ order: id, proposed: true, signedBy, threshold })}\n`);
  else io.out(`signed by ${signedBy.length} of ${threshold}: chimera sign ${id.slice(0, 12)}\n`);
}

/** Names, tags of chimera.toml and globs as nodes of the fleet. Throws node-unknown. */
export async function namedNodes(
  io: Io,
  { observer, targets }: { observer: Observer; targets: readonly string[] },
  file: string | undefined,
): Promise<NodeName[]> {
  const project = await readProject(io, file);
  const names = [...observer.nodes, ...observer.current.leaves].map(({ node }) => node);
  const candidates = [...new Set(names)].map((node) => ({ node, tags: project.nodes[node]?.tags ?? [] }));
  return selectNodes(targets, candidates);
}
