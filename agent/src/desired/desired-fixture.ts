/** Tests only: a node that has committed A and B, and has accepted C, which consents to go back to B. */
import { initialTrust, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { WorldId } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import { proveLeaf, worldId, type Leaf } from "@chimera/proto/signed/world";
import { Head } from "@chimera/proto/signed/head";
import { Panic } from "@chimera/proto/signed/panic";
import {
  createHead,
  createLeaf,
  createSigner,
  firstKeySet,
  fleetId,
  idOf,
  node,
  sealHead,
  sealPanic,
} from "../control/fleet-fixture.ts";
import { composeDesired, signedToplevel, type DesiredInput } from "./desired-system.ts";

const nodeKey = createSigner("n1");
export const [leafOfA, leafOfB, leafOfC] = [leafAs("a"), leafAs("b"), leafAs("c")];
const config = {
  probationSeconds: 30,
  activationSeconds: 600,
  drift: {
    mode: "revert" as const,
    sweepSeconds: 60,
    ignore: [],
    rules: [],
    showable: [],
    bootedOther: "report" as const,
    classes: {},
    store: { mode: "revert" as const, scrub: true, roundHours: 24, walkSeconds: 600 },
  },
  checks: [],
  units: [],
  afterCommit: "alarm" as const,
  reboot: { policy: "never" as const, acceptUnprotected: false, panicReboot: "never" as const },
};
export const noLocal = { v: 1 as const, order: null, hold: null };
export const nowMs = Date.parse("2026-11-23T12:00:00.000Z");
export const time = "2026-11-23T11:00:00.000Z";

function leafAs(letter: string): Leaf {
  return createLeaf(nodeKey, letter);
}

function headOf(serial: number, leaf: Leaf, over: Partial<Head> = {}) {
  const envelope = sealHead(createHead(serial, [leaf], over));
  const head = Head.parse(JSON.parse(Buffer.from(envelope.payload, "base64").toString()));
  const proof = proveLeaf([leaf], node);
  if (proof === undefined) throw new Error("no proof");
  return { id: idOf(envelope), acceptedAt: time, head, envelope, proof };
}

function recordOf({ id, head, proof }: ReturnType<typeof headOf>, leaf: Leaf, committedAt: string | null) {
  return { world: head.world, head: id, proof, toplevel: leaf.toplevel, committedAt };
}

const first = headOf(1, leafOfA);
export const second = headOf(2, leafOfB);
export const third = headOf(3, leafOfC, {
  revertTo: worldId([leafOfB]),
  consentUntil: "2026-11-23T13:00:00.000Z",
});

/** A committed and B committed, C accepted. */
export const base: TrustState = {
  ...initialTrust(firstKeySet, fleetId),
  head: third,
  leaves: [recordOf(first, leafOfA, time), recordOf(second, leafOfB, time), recordOf(third, leafOfC, null)],
};

export function panicked(state: TrustState, world: WorldId): TrustState {
  const envelope = sealPanic(third.envelope, { world });
  const panic = Panic.parse(JSON.parse(Buffer.from(envelope.payload, "base64").toString()));
  return { ...state, panic: { id: idOf(envelope), aliases: [], acceptedAt: time, panic, envelope } };
}

export const inputOf = (state: TrustState | null, over: Partial<DesiredInput> = {}): DesiredInput => ({
  state,
  leaf: leafOfC,
  rollout: null,
  waves: { place: null, isProven: false, isLeadQuiet: true, isBackProven: false },
  journal: null,
  local: noLocal,
  isPresent: () => true,
  nowMs,
  ...over,
});
export const compose = (...input: Parameters<typeof inputOf>) => composeDesired(inputOf(...input), config);
export const signed = (...input: Parameters<typeof inputOf>) => signedToplevel(inputOf(...input), config);

export const record = (over: Partial<RolloutRecord>): RolloutRecord => ({
  v: 1,
  head: third.id,
  lease: 1,
  phase: "waves",
  reason: "two nodes failed",
  at: time,
  ...over,
});

export const unknown = WorldId.parse("9".repeat(64));
export const uncommitted = { ...base, leaves: base.leaves.map((leaf) => ({ ...leaf, committedAt: null })) };
