/** PURE. Whether the controller stores a head: the nodes' own rules, and what only the controller can see. */
import { acceptHead } from "@chimera/proto/acceptance/accept-head";
import { newestOf } from "@chimera/proto/acceptance/trust-state";
import { msOf } from "@chimera/proto/acceptance/verdict";
import type { StoredHead } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import type { StorePath } from "@chimera/proto/names";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { OpenedHead } from "@chimera/proto/signed/head";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { comparePlace, showPlace } from "@chimera/proto/signed/place";
import type { World } from "@chimera/proto/signed/world";
import type { NodeStatus } from "@chimera/proto/status";
import { judgeWaves } from "./judge-waves.ts";
import { controllerBench } from "./controller-bench.ts";
import type { FleetDocuments } from "./fleet-documents.ts";

/** A document from the future would carry the clock of every node that takes it there. */
export const maxAheadMs = 10 * 60_000;

export interface HeadSurroundings {
  documents: FleetDocuments;
  /** The head's world, when it was uploaded. */
  world: World | undefined;
  /** The lists of its waves, in their order. */
  waves: readonly (WaveList | undefined)[];
  registered: ReadonlySet<string>;
  /** The newest quarantine list of the fleet. */
  quarantined: ReadonlySet<StorePath>;
  /** What nodes say of themselves, signed with their registered keys. */
  reported: readonly NodeStatus[];
  nowMs: number;
}

export type NewHeadVerdict =
  | { kind: "store"; world: World }
  | { kind: "stored-already"; head: StoredHead }
  | Refuse;

interface Refuse {
  kind: "refuse";
  code: ErrorCode;
  reason: string;
}

export function judgeNewHead(
  opened: OpenedHead,
  envelope: Envelope,
  around: HeadSurroundings,
): NewHeadVerdict {
  const { documents, world } = around;
  const [newest] = documents.heads;
  const bench = controllerBench(documents, timeFor(opened, around));
  const verdict = acceptHead(bench, envelope, null);
  if (verdict.kind === "refused") return refuse(verdict.code, verdict.reason);
  if (verdict.kind === "known" && newest !== undefined) return { kind: "stored-already", head: newest };
  const problem = refuseByPlace(opened, around, newestOf(bench.state)?.id);
  if (problem !== null) return problem;
  if (world === undefined) {
    return refuse("world-unknown", `world ${opened.head.world} was not uploaded (PUT /v1/worlds/<id>)`);
  }
  return judgeWorld(opened, world, around);
}

/**
 * After a loss of data, or after a deployment over ssh, an operator's copy goes in also when its time is over: nodes that have
 * it go by it still.
 */
function timeFor({ id, head }: OpenedHead, { reported, nowMs }: HeadSurroundings): number {
  const isCopy = reported.some(({ accepted }) => accepted?.id === id);
  return isCopy ? Math.min(nowMs, msOf(head.notAfter)) : nowMs;
}

function refuseByPlace({ head, id }: OpenedHead, around: HeadSurroundings, newest?: string): Refuse | null {
  const { nowMs, reported } = around;
  if (msOf(head.createdAt) - nowMs > maxAheadMs) {
    return refuse("input-invalid", `head.createdAt is ${head.createdAt}, the clock of somebody is wrong`);
  }
  if (newest !== undefined) {
    if (head.previous === newest) return null;
    const named = head.previous ?? "none";
    return refuse("order-stale", `head.previous is ${named}, the newest document is ${newest}`);
  }
  // Without a newest one this is the first, or one after the server's data were lost.
  const above = reported.find((status) => isAbove(status, { head, id }));
  if (above === undefined) return null;
  const place = showPlace(placeOf(above));
  return refuse(
    "order-stale",
    `head ${showPlace(head)} is not above ${place}, which node ${above.node} accepted`,
  );
}

function isAbove(status: NodeStatus, { head, id }: Pick<OpenedHead, "head" | "id">): boolean {
  if (status.accepted?.id === id) return false;
  return comparePlace(placeOf(status), head) >= 0;
}

function placeOf({ accepted, panic }: NodeStatus) {
  const head = { epoch: accepted?.epoch ?? 0, serial: accepted?.serial ?? 0, rank: 0 };
  if (panic === undefined || panic === null) return head;
  const undone = { epoch: panic.epoch, serial: panic.serial, rank: 1 };
  return comparePlace(undone, head) > 0 ? undone : head;
}

function judgeWorld({ head }: OpenedHead, world: World, around: HeadSurroundings): NewHeadVerdict {
  const { documents, registered, quarantined } = around;
  if (head.size !== world.leaves.length) {
    return refuse("input-invalid", `head.size is ${head.size}, its world has ${world.leaves.length} leaves`);
  }
  const foreign = world.leaves.find((leaf) => leaf.fleetId !== documents.keys.fleetId);
  if (foreign !== undefined) {
    return refuse("fleet-mismatch", `the leaf of ${foreign.node} is for fleet ${foreign.fleetId}`);
  }
  // Going back must work after a node was taken out of service; only a new deployment names all by hand.
  const unknown = world.leaves.find((leaf) => head.mode === "deploy" && !registered.has(leaf.node));
  if (unknown !== undefined) {
    return refuse("node-unknown", `the world names node ${unknown.node}, which is not registered`);
  }
  const denied = world.leaves.find((leaf) => quarantined.has(leaf.toplevel));
  if (denied !== undefined) {
    return refuse(
      "quarantined",
      `the leaf of ${denied.node} wants ${denied.toplevel}, which is in quarantine`,
    );
  }
  const { rollout } = head.policy;
  const unplanned = rollout === undefined ? null : judgeWaves(rollout, around.waves, world);
  return unplanned === null ? { kind: "store", world } : refuse("input-invalid", unplanned);
}

function refuse(code: ErrorCode, reason: string): Refuse {
  return { kind: "refuse", code, reason };
}
