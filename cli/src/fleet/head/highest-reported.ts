/**
 * PURE. How far a fleet is by its nodes' own word: after a loss of the store's data nothing else knows. A node can lie, so
 * it counts only as far as the others would still follow.
 */
import type { NodeView } from "@chimera/proto/api";
import type { Digest, NodeName } from "@chimera/proto/names";
import {
  comparePlace,
  maxSerialJump,
  showPlace,
  type Place,
  type PlaceLike,
} from "@chimera/proto/signed/place";

interface Reported {
  place: Place;
  id: Digest;
  nodes: NodeName[];
}

export interface HighestReported {
  /** Null where no node has accepted anything. */
  top: Reported | null;
  /** Claims that do not count, and why. */
  ignored: { node: NodeName; reason: string }[];
}

/** What is known without the nodes: the epoch of the newest key set, and the newest document that was seen. */
export interface KnownPlace {
  epoch: number;
  seen: PlaceLike | null;
}

/** `nodes` with `verified` as checked here. Where nodes name different documents of one place, the one most of them name. */
export function highestReported(nodes: readonly NodeView[], known: KnownPlace): HighestReported {
  const claims = nodes.flatMap((view) => claimsOf(view).map((claim) => ({ ...claim, node: view.node })));
  const judged = claims.map((claim) => ({ ...claim, reason: reasonAgainst(claim, known) }));
  const ignored = judged.flatMap(({ node, reason }) => (reason === null ? [] : [{ node, reason }]));
  const byDocument = Map.groupBy(
    judged.filter(({ reason }) => reason === null),
    ({ place, id }) => `${showPlace(place)} ${id}`,
  );
  const reported = [...byDocument.values()].flatMap((same): Reported[] => {
    const [first] = same;
    return first === undefined
      ? []
      : [{ place: first.place, id: first.id, nodes: same.map(({ node }) => node) }];
  });
  const [top = null] = reported.toSorted(
    (a, b) => comparePlace(b.place, a.place) || b.nodes.length - a.nodes.length || (a.id < b.id ? -1 : 1),
  );
  return { top, ignored };
}

interface Claim {
  place: Place;
  id: Digest;
  verified: boolean;
}

function claimsOf({ status, verified }: NodeView): Claim[] {
  const { accepted = null, panic = null } = status ?? {};
  const of = (document: { epoch: number; serial: number; id: Digest } | null, rank: 0 | 1): Claim[] =>
    document === null
      ? []
      : [{ place: { epoch: document.epoch, serial: document.serial, rank }, id: document.id, verified }];
  return [...of(accepted, 0), ...of(panic, 1)];
}

function reasonAgainst({ place, verified }: Claim, { epoch, seen }: KnownPlace): string | null {
  if (!verified) return "its status is not signed by the key of its leaf";
  if (place.epoch > epoch) return `it claims ${showPlace(place)}, but the newest key set has epoch ${epoch}`;
  const from = seen?.epoch === place.epoch ? seen.serial : 0;
  // The next one must still be one that nodes at the seen place accept.
  return place.serial < from + maxSerialJump
    ? null
    : `it claims ${showPlace(place)}, more than ${maxSerialJump - 1} above ${showPlace({ epoch: place.epoch, serial: from })}`;
}
