/** SHELL. After a head is stored: say so, and follow the nodes it is about. */
import { shortDigest, type NodeName, type StorePath } from "@chimera/proto/names";
import type { Io } from "../io.ts";
import { printableJson } from "../print/printable.ts";
import { createFollowView } from "./follow-view.ts";
import { follow } from "./follow.ts";
import type { Operator } from "./operator.ts";
import type { Published } from "./sign-head.ts";

export interface FinishOptions {
  json: boolean;
  follow: boolean;
  timeoutSeconds: number;
}

export async function finish(
  io: Io,
  { operator, published, options }: { operator: Operator; published: Published; options: FinishOptions },
  systems: readonly { node: NodeName; toplevel: StorePath }[],
): Promise<void> {
  const { head, id, nodesBefore } = published;
  const said = { epoch: head.epoch, serial: head.serial, id, world: head.world, mode: head.mode };
  if (options.json) io.out(`${printableJson({ type: "published", ...said })}\n`);
  else
    io.out(
      `published head ${head.serial}: world ${shortDigest(head.world)}, ${systems.length} of ${head.size} nodes\n`,
    );
  if (!options.follow) return;
  const problems = new Map(nodesBefore.map((view) => [view.node, view.status?.problem?.at ?? null]));
  const goals = systems.map(({ node, toplevel }) => ({
    node,
    toplevel,
    head: { id, epoch: head.epoch, serial: head.serial },
    problemBefore: problems.get(node) ?? null,
  }));
  const started = performance.now();
  const view = await createFollowView(
    io,
    options.json,
    systems.map(({ node }) => node),
  );
  await follow(io, { api: operator.api, view, timeoutSeconds: options.timeoutSeconds }, goals);
  const ms = Math.round(performance.now() - started);
  if (options.json)
    io.out(
      `${printableJson({ type: "result", ok: true, serial: head.serial, nodes: systems.length, ms })}\n`,
    );
  else io.out(`all ${systems.length} nodes committed head ${head.serial} in ${(ms / 1000).toFixed(1)} s\n`);
}
