/** SHELL. A signed head to every node that answers, and attached to those that it is about until each has committed or failed. */
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, type NodeName, type StorePath } from "@chimera/proto/names";
import type { NodeReport } from "@chimera/proto/delivery";
import { allProofs } from "@chimera/proto/signed/all-proofs";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import type { Leaf } from "@chimera/proto/signed/world";
import { nodeKeysOf } from "../../fleet/check-view.ts";
import { createFollowView } from "../../fleet/follow/follow-view.ts";
import { follow } from "../../fleet/follow/follow.ts";
import type { Goal } from "../../fleet/follow/node-outcome.ts";
import type { Plan } from "../../fleet/head/plan.ts";
import type { Io } from "../../io.ts";
import { localClosures } from "../../nix/local-closures.ts";
import { printableJson } from "../../print/printable.ts";
import { headBundle } from "./compose-bundle.ts";
import type { Failed } from "./copy-closures.ts";
import { deliverFirst, isConflict, isConflictCode } from "./deliver-first.ts";
import { deliverDocuments, tellDelivered, type Delivered } from "./deliver-documents.ts";
import { reasonOf } from "../transport/remote-agent.ts";
import { saveReceipts } from "./save-receipts.ts";
import type { SignedHead } from "./sign-head.ts";
import type { Ssh } from "../transport/ssh-client.ts";
import type { SshObserver } from "../fleet/ssh-observer.ts";
import { watchNodes, type Watched } from "../fleet/watch-nodes.ts";

export interface HeadDelivery {
  ssh: Ssh;
  observer: SshObserver;
  plan: Plan;
  closures: ReadonlyMap<StorePath, readonly ClosureEntry[]>;
  signed: SignedHead;
  /** Leaves of the selected nodes whose closure has arrived. */
  goals: readonly Leaf[];
  /** Selected nodes that have not got it. */
  missed: readonly Failed[];
  options: { json: boolean; follow: boolean; timeout: number; receipts?: string | undefined };
}

/**
 * Throws rollout-failed, or what kept nodes from being reached, after the receipts are saved; before any but one node has the head
 * what somebody else published meanwhile.
 */
export async function deliverHead(io: Io, delivery: HeadDelivery): Promise<void> {
  const { ssh, options, observer, signed, plan, missed, goals } = delivery;
  const bundles = await bundlesOf(io, delivery);
  const tell = (one: Delivered): void => tellDelivered(io, one, options.json);
  const first = await deliverFirst(io, { ssh, observer, signed, bundles, tell });
  const rest = await deliverDocuments(ssh, { bundles: bundles.slice(first.length), tell });
  const delivered = [...first, ...rest];
  const { head, id } = signed;
  const taken = delivered.filter(({ kind }) => kind === "taken").length;
  const said = { epoch: head.epoch, serial: head.serial, id, world: plan.world, mode: head.mode };
  if (options.json)
    io.out(`${printableJson({ type: "published", over: "ssh", ...said, delivered: taken })}\n`);
  else
    io.out(
      `signed head ${head.serial}: world ${shortDigest(plan.world)}, delivered to ${taken} of ${plan.leaves.length} nodes\n`,
    );
  const isGoal = ({ node }: { node: NodeName }) => goals.some((goal) => goal.node === node);
  const refused = delivered.flatMap((one) =>
    one.kind === "refused" && (isGoal(one) || isConflict(one)) ? [one] : [],
  );
  const unreached = [
    ...missed,
    ...delivered.flatMap((one) => (one.kind === "unreached" && isGoal(one) ? [one] : [])),
  ];
  const failure = options.follow ? await attend(io, delivery, delivered) : null;
  const count = refused.every(isGoal) ? plan.rows.length : plan.leaves.length;
  conclude({ failure, refused, unreached, count });
}

/** Every node that answered has a leaf of this world, and a head is the whole fleet's. */
async function bundlesOf(io: Io, { observer, plan, closures, signed, missed }: HeadDelivery) {
  const { surveyed, keys, context } = observer;
  const reports = surveyed.flatMap((one) => (one.kind === "report" ? [one] : []));
  const receivers = reports.filter(
    ({ node }) => plan.leaves.some((leaf) => leaf.node === node) && !missed.some((one) => one.node === node),
  );
  const known = await moreClosures(io, plan, { closures, receivers });
  const proofs = allProofs(plan.leaves);
  const toplevels = new Map(plan.leaves.map(({ node, toplevel }) => [node, toplevel]));
  // By name: whoever publishes at the same time begins with the same node.
  return receivers
    .toSorted((a, b) => (a.node < b.node ? -1 : 1))
    .map(({ node, report }) => {
      const toplevel = toplevels.get(node);
      return headBundle({
        fleetId: context.fleetId,
        node,
        keys: report.keys,
        chain: keys.chain,
        head: signed.envelope,
        proof: proofs.get(node),
        fresh: signed.fresh,
        closure: toplevel === undefined ? undefined : known.get(toplevel),
      });
    });
}

/** Of nodes that stay what they are, as far as their system is in this store. */
async function moreClosures(
  io: Io,
  { leaves }: Plan,
  { closures, receivers }: { closures: HeadDelivery["closures"]; receivers: readonly { node: NodeName }[] },
): Promise<Map<StorePath, readonly ClosureEntry[]>> {
  const known = new Map(closures);
  const others = leaves.filter(
    ({ node, toplevel }) => receivers.some((one) => one.node === node) && !known.has(toplevel),
  );
  const found = await localClosures(
    io,
    others.map(({ toplevel }) => toplevel),
  );
  return new Map([...known, ...found]);
}

/** What the following ended with; null where all of them committed. */
async function attend(
  io: Io,
  delivery: HeadDelivery,
  delivered: readonly Delivered[],
): Promise<ChimeraError | null> {
  const { ssh, observer, plan, signed, goals } = delivery;
  const { fleetId } = observer.context;
  const taken = delivered.flatMap((one) => (one.kind === "taken" ? [one] : []));
  const reports = new Map<NodeName, NodeReport>(
    taken.flatMap(({ node, report }) => (report === null ? [] : [[node, report]])),
  );
  const followed = goals.filter(({ node }) => taken.some((one) => one.node === node));
  const nodes = followed.map(({ node }) => node);
  const watched = watchNodes(io, ssh, {
    nodes,
    serial: signed.head.serial,
    fleetId,
    keyOf: nodeKeysOf(plan.leaves),
    reports,
  });
  const started = performance.now();
  let failure: ChimeraError | null = null;
  try {
    await followAll(io, delivery, { watched, followed });
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    failure = error;
  } finally {
    await watched.stop();
  }
  await conclusion(io, delivery, {
    watched,
    count: followed.length,
    ms: Math.round(performance.now() - started),
    ok: failure === null,
  });
  return failure;
}

async function followAll(
  io: Io,
  { observer, signed, options }: HeadDelivery,
  { watched, followed }: { watched: Watched; followed: readonly Leaf[] },
): Promise<void> {
  const { head, id } = signed;
  const problems = new Map(observer.views.map((view) => [view.node, view.status?.problem?.at ?? null]));
  const goals = followed.map(({ node, nodeKey, toplevel, fleetId }): Goal => {
    const place = { id, epoch: head.epoch, serial: head.serial };
    return { node, nodeKey, toplevel, fleetId, head: place, problemBefore: problems.get(node) ?? null };
  });
  if (goals.length === 0) return;
  const view = await createFollowView(
    io,
    options.json,
    goals.map(({ node }) => node),
  );
  await follow(io, { api: apiOf(watched), view, timeoutSeconds: options.timeout }, goals);
}

/** The nodes themselves, in the place of a controller. */
export function apiOf({ views }: Pick<Watched, "views">): Parameters<typeof follow>[1]["api"] {
  const missing = new ChimeraError("not-found", "this node is not watched");
  // As of a controller that does not answer: the following goes by the nodes' own words alone.
  const away = new ChimeraError("server-unreachable", "nobody keeps a record of it without NATS");
  return {
    fleet: () => Promise.reject(away),
    nodes: () => Promise.resolve(views()),
    node(name) {
      const view = views().find(({ node }) => node === name);
      return view === undefined ? Promise.reject(missing) : Promise.resolve(view);
    },
  };
}

async function conclusion(
  io: Io,
  { observer, plan, signed, options }: HeadDelivery,
  { watched, count, ms, ok }: { watched: Watched; count: number; ms: number; ok: boolean },
): Promise<void> {
  const { context, keys } = observer;
  const { head, id, envelope } = signed;
  const path = options.receipts ?? `head-${head.serial}.receipts.json`;
  const receipts = await saveReceipts(io, path, {
    fleetId: context.fleetId,
    chain: keys.chain,
    head: { id, envelope, leaves: plan.leaves },
    panic: null,
    reports: watched.reports,
  });
  if (options.json) {
    io.out(
      `${printableJson({ type: "result", ok, serial: head.serial, nodes: count, receipts, path, ms })}\n`,
    );
    return;
  }
  if (ok)
    io.out(`all ${count} nodes that have it committed head ${head.serial} in ${(ms / 1000).toFixed(1)} s\n`);
  io.out(`receipts of ${receipts} nodes: ${path} (chimera receipt verify checks them)\n`);
}

interface End {
  failure: ChimeraError | null;
  refused: readonly Failed[];
  unreached: readonly Failed[];
  count: number;
}

/** What needs a person comes first, then what only needs time. */
function conclude({ failure, refused, unreached, count }: End): void {
  const [bad] = refused;
  if (failure?.code === "rollout-failed") throw failure;
  if (bad !== undefined) {
    const reasons = refused.map(({ error }) => reasonOf(error)).join("; ");
    const way = refused.some(({ error }) => isConflictCode(error.code))
      ? "; somebody published at the same time: deploy again, which stands above both"
      : "";
    throw new ChimeraError(
      "rollout-failed",
      `${refused.length} of ${count} nodes refused the head: ${reasons}${way}`,
    );
  }
  if (failure !== null) throw failure;
  if (unreached.length === 0) return;
  const reasons = unreached.map(({ error }) => reasonOf(error)).join("; ");
  const unsure = unreached.find(({ error }) => error.code === "signature-invalid");
  throw new ChimeraError(
    unsure === undefined ? "deadline-exceeded" : "signature-invalid",
    `${unreached.length} of ${count} nodes have not got it: ${reasons}; mend that, and deploy to them again`,
  );
}
