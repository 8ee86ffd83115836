/** SHELL. The policy of a head with the waves of its very world. */
import type { NodeName } from "@chimera/proto/names";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { HeadPolicy } from "@chimera/proto/signed/head";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../../io.ts";
import type { Project } from "../../project/project-file.ts";
import type { Consent } from "./consent.ts";
import { planRollout, type RolloutFile } from "./plan-rollout.ts";

export interface Waving {
  project: Pick<Project, "nodes">;
  policy: HeadPolicy;
  /** Null: everybody goes at once. */
  rollout: RolloutFile | null;
}

export interface WavedPolicy {
  policy: HeadPolicy;
  /** The lists that it names, each to be stored before the head. */
  waves: WaveList[];
  /** Absent where everybody goes at once: nobody goes back by itself then. */
  consent?: Consent;
}

/** `changed`: nodes that are to run something else than before. */
export function withWaves(
  io: Pick<Io, "nowMs">,
  { project, policy, rollout }: Waving,
  { leaves, changed }: { leaves: readonly Leaf[]; changed: readonly NodeName[] },
): WavedPolicy {
  if (rollout === null) return { policy, waves: [] };
  const plan = planRollout(rollout, {
    leaves,
    changed: new Set(changed),
    tagsOf: (node) => project.nodes[node]?.tags ?? [],
    nowMs: io.nowMs(),
  });
  return { policy: { ...policy, rollout: plan.policy }, waves: plan.lists, consent: plan.consent };
}

/** Of each wave, as they are shown. */
export function namesOfWaves(waves: readonly WaveList[]): NodeName[][] {
  return waves.map(({ nodes }) => nodes.map(({ node }) => node));
}
