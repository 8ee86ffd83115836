/** PURE. The head that follows what a fleet runs now: on top of its newest document, back to its effective world. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId, WorldId } from "@chimera/proto/names";
import { Head, type HeadPolicy } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import { comparePlace } from "@chimera/proto/signed/place";
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { consentEndMs, type Consent, type ConsentSubject } from "./consent.ts";
import { highestReported } from "./highest-reported.ts";
import { newestOf, type CurrentFleet, type Seen } from "../newest-document.ts";

const hourMs = 3_600_000;

export interface NewHead {
  fleetId: FleetId;
  keySet: KeySet;
  current: Pick<CurrentFleet, "head" | "panic" | "effective" | "stored">;
  /** As checked here: a fleet whose store lost heads still knows how far it was. */
  nodes: readonly NodeView[];
  leaves: readonly Leaf[];
  mode: Head["mode"];
  policy: HeadPolicy;
  reason: string;
  author: string;
  expiresHours: number;
  /** Absent: for as long as the policy's waves may take. */
  consent?: Consent | undefined;
  /** Others are to sign it too, before it expires. */
  isProposed?: boolean;
  nowMs: number;
}

/** Throws keys-expired when no node would take a head by this key set. */
export function nextHead(order: NewHead): Head {
  const { keySet, nowMs } = order;
  if (Date.parse(keySet.expires) < nowMs) {
    throw new ChimeraError(
      "keys-expired",
      `key set ${keySet.version} expired at ${keySet.expires}, no node takes a head by it: chimera keys renew`,
    );
  }
  const revertTo = worldBefore(order);
  const untilMs = consentEndMs(consentSubject(order), revertTo);
  return Head.parse({
    v: 1,
    kind: "head",
    fleetId: order.fleetId,
    ...nextPlace(order),
    world: worldId(order.leaves),
    size: order.leaves.length,
    mode: order.mode,
    policy: order.policy,
    revertTo,
    consentUntil: untilMs === null ? null : iso(untilMs),
    createdAt: iso(nowMs),
    notAfter: iso(nowMs + order.expiresHours * hourMs),
    author: order.author,
    reason: order.reason,
  });
}

/** Of a head that tries the newest world again: what lay before that, since a way back to itself is none. */
export function worldBefore({
  current: { effective, head },
  leaves,
}: Pick<NewHead, "current" | "leaves">): WorldId | null {
  if (effective.kind === "none") return null;
  const isAgain = head !== null && effective.world === head.head.world && worldId(leaves) === effective.world;
  return isAgain ? head.head.revertTo : effective.world;
}

/** Signatures that are waited for must not eat up what the rollout needs. */
export function consentSubject({
  policy,
  consent,
  isProposed = false,
  expiresHours,
  nowMs,
}: Pick<NewHead, "policy" | "consent" | "isProposed" | "expiresHours" | "nowMs">): ConsentSubject {
  return {
    policy,
    consent: consent ?? { askedMs: null, moving: policy.rollout?.waves.map(({ size }) => size) ?? [] },
    fromMs: isProposed ? nowMs + expiresHours * hourMs : nowMs,
  };
}

/** The store takes only what follows its own newest; one that has none takes what the nodes follow. */
function nextPlace(order: NewHead): Pick<Head, "epoch" | "serial" | "previous"> {
  const { epoch } = order.keySet;
  const highest = highestPlace(order);
  const serial = highest?.place.epoch === epoch ? highest.place.serial : 0;
  return { epoch, serial: serial + 1, previous: order.current.stored ?? highest?.id ?? null };
}

/** The newest document, or what nodes have accepted above it: the store may have lost some. */
function highestPlace({ current, keySet: { epoch }, nodes }: NewHead): Seen | null {
  const newest = newestOf(current);
  const { top } = highestReported(nodes, { epoch, seen: newest?.place ?? null });
  const isAhead = top !== null && (newest === null || comparePlace(top.place, newest.place) > 0);
  return isAhead ? top : newest;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
