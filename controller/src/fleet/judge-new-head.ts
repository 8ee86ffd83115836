/** PURE. Whether the controller stores a head: the nodes' own rules, and what only the controller can see. */
import type { StoredHead } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import { judgeHead, nothingAccepted, type OpenedHead } from "@chimera/proto/signed/head";
import type { FleetId } from "@chimera/proto/names";
import type { World } from "@chimera/proto/signed/world";

export interface HeadSurroundings {
  fleetId: FleetId;
  /** Newest valid head in the store. */
  newest: StoredHead | null;
  /** The head's world, when it was uploaded. */
  world: World | undefined;
  registered: ReadonlySet<string>;
  nowMs: number;
}

export type NewHeadVerdict =
  | { kind: "store"; world: World }
  | { kind: "stored-already"; head: StoredHead }
  | { kind: "refuse"; code: ErrorCode; reason: string };

export function judgeNewHead(opened: OpenedHead, around: HeadSurroundings): NewHeadVerdict {
  const { newest, fleetId, nowMs, world } = around;
  const accepted =
    newest === null
      ? nothingAccepted
      : { epoch: newest.head.epoch, serial: newest.head.serial, id: newest.id };
  const verdict = judgeHead(opened, { fleetId, accepted }, nowMs);
  if (verdict.kind === "refuse") return verdict;
  if (verdict.kind === "known" && newest !== null) return { kind: "stored-already", head: newest };
  // Without a newest one anything goes: the first head, or one after the server's data were lost.
  if (newest !== null && opened.head.previous !== newest.id) {
    const named = opened.head.previous ?? "none";
    return refuse("order-stale", `head.previous is ${named}, the newest head is ${newest.id}`);
  }
  if (world === undefined) {
    return refuse("world-unknown", `world ${opened.head.world} was not uploaded (PUT /v1/worlds/<id>)`);
  }
  return judgeWorld(opened, world, around);
}

function judgeWorld(
  { head }: OpenedHead,
  world: World,
  { fleetId, registered }: HeadSurroundings,
): NewHeadVerdict {
  if (head.size !== world.leaves.length) {
    return refuse("input-invalid", `head.size is ${head.size}, its world has ${world.leaves.length} leaves`);
  }
  const foreign = world.leaves.find((leaf) => leaf.fleetId !== fleetId);
  if (foreign !== undefined) {
    return refuse("fleet-mismatch", `the leaf of ${foreign.node} is for fleet ${foreign.fleetId}`);
  }
  // Going back must work after a node was taken out of service; only a new deployment names all by hand.
  const unknown = world.leaves.find((leaf) => head.mode === "deploy" && !registered.has(leaf.node));
  if (unknown !== undefined) {
    return refuse("node-unknown", `the world names node ${unknown.node}, which is not registered`);
  }
  return { kind: "store", world };
}

function refuse(code: ErrorCode, reason: string): NewHeadVerdict {
  return { kind: "refuse", code, reason };
}
