/** PURE. What `chimera retry --failed` tries again: the newest head's world, on the nodes that could not run it. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { usualMostMs, type Consent } from "../fleet/head/consent.ts";
import type { Digest, NodeName, StorePath } from "@chimera/proto/names";
import type { Head, HeadPolicy } from "@chimera/proto/signed/head";
import type { Leaf } from "@chimera/proto/signed/world";
import { failedStates } from "@chimera/proto/state-word";
import type { NodeStatus } from "@chimera/proto/status";

export interface Retry {
  /** Those that failed, by their own signed word. */
  failed: NodeName[];
  /** What they quarantined because of it, and need a pardon for. */
  pardoned: StorePath[];
  policy: HeadPolicy;
  consent: Consent;
}

export interface RetryScene {
  newest: { id: Digest; head: Head };
  /** Of the newest head's world. */
  leaves: readonly Leaf[];
  /** `verified` as checked here. */
  nodes: readonly NodeView[];
  /** Whom the lead of this head counted as failed: silent in the middle, back since, or never ready. */
  named: ReadonlySet<NodeName>;
  /** Whether a panic of this fleet is known, of whatever time: who denies a system without saying why may do so for it. */
  knowsPanic: boolean;
  /** The newest list: what it pardons counts for nodes that have said nothing since. */
  pardons: { toplevels: readonly StorePath[]; createdAt: string } | null;
  nowMs: number;
}

/** Throws not-found where nobody failed, quarantined for what a panic undid: that it pardons to nobody. */
export function planRetry(scene: RetryScene): Retry {
  const { newest, leaves, nodes, named, nowMs } = scene;
  const wanted = new Map(leaves.map(({ node, toplevel }) => [node, toplevel]));
  const failed = nodes.filter(({ node, status, verified }) => {
    if (!verified || status === null || status.accepted?.id !== newest.id) return false;
    return named.has(node) || failedStates.has(status.state) || refuses(status.quarantine, wanted.get(node));
  });
  if (failed.length === 0) {
    throw new ChimeraError(
      "not-found",
      `no node failed head ${newest.head.serial}: there is nothing to retry`,
    );
  }
  refuseUndone(failed, wanted, scene);
  const pardoned = failed.flatMap(({ node, status }) => {
    const toplevel = wanted.get(node);
    return toplevel !== undefined && refuses(status?.quarantine, toplevel) ? [toplevel] : [];
  });
  return {
    failed: failed.map(({ node }) => node),
    pardoned: [...new Set(pardoned)].toSorted(),
    policy: renewed(newest.head, nowMs),
    consent: consentOf(newest.head),
  };
}

function refuseUndone(
  failed: readonly NodeView[],
  wanted: ReadonlyMap<NodeName, StorePath>,
  scene: RetryScene,
): void {
  const undone = failed.flatMap(({ node, status }) => {
    const toplevel = wanted.get(node);
    const isUndone = toplevel !== undefined && status !== null && deniesUndone(status, toplevel, scene);
    return isUndone ? [{ node, toplevel, isSaid: status.undone !== undefined }] : [];
  });
  const [first] = undone;
  if (first === undefined) return;
  const why = first.isSaid
    ? "since a panic undid it"
    : "and its agent is too old to say whether a panic is why";
  const more = undone.length === 1 ? "" : `, and so do ${undone.length - 1} more nodes`;
  throw new ChimeraError(
    "quarantined",
    `${first.node} denies ${first.toplevel}, ${why}${more}: retry pardons nothing that was undone. ` +
      `If it shall be tried all the same: chimera quarantine pardon ${first.toplevel}, then this again`,
  );
}

function deniesUndone(
  { at, quarantine, undone }: NodeStatus,
  toplevel: StorePath,
  { knowsPanic, pardons }: Pick<RetryScene, "knowsPanic" | "pardons">,
): boolean {
  if (!refuses(quarantine, toplevel)) return false;
  const isPardoned = pardons?.toplevels.includes(toplevel) === true;
  if (isPardoned && Date.parse(at) < Date.parse(pardons.createdAt)) return false;
  return undone === undefined ? knowsPanic : undone.includes(toplevel);
}

function refuses(quarantine: readonly StorePath[] | undefined, toplevel: StorePath | undefined): boolean {
  return toplevel !== undefined && quarantine?.includes(toplevel) === true;
}

/** For as long as it was signed for, which is enough for fewer nodes. */
function consentOf({ policy, consentUntil, createdAt }: Head): Consent {
  const spanMs = consentUntil === null ? null : Date.parse(consentUntil) - Date.parse(createdAt);
  return {
    askedMs: spanMs === null ? null : Math.min(spanMs, usualMostMs),
    moving: policy.rollout?.waves.map(({ size }) => size) ?? [],
  };
}

/** As it was signed; a deadline is as far from now as it was then. */
function renewed({ policy, createdAt }: Head, nowMs: number): HeadPolicy {
  const { rollout } = policy;
  if (rollout === undefined || rollout.deadline === null) return policy;
  const spanMs = Date.parse(rollout.deadline) - Date.parse(createdAt);
  return { ...policy, rollout: { ...rollout, deadline: new Date(nowMs + spanMs).toISOString() } };
}
