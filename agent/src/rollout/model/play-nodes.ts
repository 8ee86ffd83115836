/** PURE. What the nodes of a played fleet say at a moment. */
import type { NodeName } from "@chimera/proto/names";
import type { NodeSight } from "../lead-sight.ts";
import { usual, type Part, type Play } from "./play.ts";

const stageSeconds = 4;

interface Moment {
  second: number;
  goneSince: ReadonlyMap<NodeName, number>;
}

export function sightsOf(
  play: Play,
  waves: readonly (readonly NodeName[])[],
  moment: Moment,
): Map<NodeName, NodeSight> {
  const isBack = moment.second >= (play.backAt ?? Infinity);
  const present = waves.flat().filter((node) => isBack || play.away?.includes(node) !== true);
  const isHeld = (node: NodeName) =>
    play.held?.includes(node) === true && moment.second < (play.heldUntil ?? Infinity);
  return new Map(
    present.map((node) => {
      const sight = sightOf(play.parts?.[node] ?? usual, moment, node);
      return [node, isHeld(node) ? { ...sight, state: "held", waiting: "held" } : sight];
    }),
  );
}

function sightOf(part: Part, { second, goneSince }: Moment, node: NodeName): NodeSight {
  const still: NodeSight = {
    silentMs: 5_000,
    hasHead: second >= 1,
    acceptedAt: null,
    state: second < 1 ? "committed" : second < stageSeconds ? "fetching" : "staged",
    waiting: null,
    problem: "",
    lostContact: false,
    asksHold: false,
    isProven: false,
    isGoingBack: false,
  };
  const gone = goneSince.get(node);
  if (gone === undefined) return still;
  const [from, state, more] = part.findLast(([at]) => second - gone > at) ?? [0, still.state];
  const isSilent = more?.silentMs !== undefined || state === "rebooting";
  return { ...still, state, ...more, ...(isSilent && { silentMs: (second - gone - from) * 1000 }) };
}
