/** SHELL. The rollout of the newest head: the lead's record, and how far each wave is by the nodes' own signed words. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeView } from "@chimera/proto/api";
import type { Digest, NodeName } from "@chimera/proto/names";
import type { Leaf } from "@chimera/proto/signed/world";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { lostNote } from "../fleet/base/lost-return.ts";
import type { Observer } from "../fleet/operator.ts";
import type { CurrentRollout, WaveProgress } from "../print/documents/rollout-text.ts";

/** Throws not-found where the newest head has no waves, and hash-mismatch for a list that is not the signed one. */
export async function currentRollout({
  api,
  current,
  doubt,
  nodes,
}: Pick<Observer, "api" | "current" | "doubt" | "nodes">): Promise<CurrentRollout> {
  const { head: newest, view } = current;
  const policy = newest?.head.policy.rollout;
  if (newest === null || policy === undefined) {
    const what = newest === null ? "the fleet has no head yet" : `head ${newest.head.serial} has no waves`;
    throw new ChimeraError("not-found", `${what}: nobody leads it, and every node goes as soon as it can`);
  }
  const lists = await Promise.all(policy.waves.map(({ list }) => signedList(api, list)));
  const { id, head } = newest;
  return {
    head: id,
    serial: head.serial,
    policy,
    record: view.rollout?.head === id ? view.rollout : null,
    waves: waveProgress(lists, nodes, id),
    lost: lostNote({ current, doubt }),
    isBack: current.effective.kind === "returned",
    notBack: current.effective.kind === "returned" ? notOn(current.leaves, nodes) : [],
  };
}

/** By their own signatures; who says nothing is silent, and shown as that. */
function notOn(leaves: readonly Leaf[], nodes: readonly NodeView[]): NodeName[] {
  const wanted = new Map(leaves.map(({ node, toplevel }) => [node, toplevel]));
  return nodes.flatMap(({ node, status, verified }) => {
    const toplevel = wanted.get(node);
    const isElsewhere = verified && status !== null && status.system.current !== toplevel;
    return isElsewhere && toplevel !== undefined ? [node] : [];
  });
}

async function signedList(api: Observer["api"], digest: Digest): Promise<WaveList> {
  const list = await api.wave(digest);
  if (waveDigest(list) === digest) return list;
  throw new ChimeraError("hash-mismatch", `the controller shows another list for wave ${digest}`);
}

function waveProgress(lists: readonly WaveList[], nodes: readonly NodeView[], head: Digest): WaveProgress[] {
  const views = new Map(nodes.map((view) => [view.node, view]));
  return lists.map((list) => {
    const states = new Map<string, number>();
    for (const { node } of list.nodes) {
      const { status = null, verified = false } = views.get(node) ?? {};
      const isAbout = verified && status?.accepted?.id === head;
      const state = isAbout ? status.state : "silent";
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    return { size: list.nodes.length, states: Object.fromEntries(states) };
  });
}
