/** PURE. Composes the node's status from what the parts know. */
import { carriedOf } from "@chimera/proto/audit/audit-checkpoint";
import { errorChain, type ChimeraError } from "@chimera/proto/errors";
import { maxChecks } from "@chimera/proto/health-check";
import type { LocalState } from "@chimera/proto/local-order";
import type { DriftSummary } from "@chimera/proto/drift";
import type { Beat, NodeStatus } from "@chimera/proto/status";
import { isPanicDenial } from "@chimera/proto/acceptance/accept-panic";
import type { TrustState } from "@chimera/proto/acceptance/trust-state";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { wholeHold } from "./desired/holds.ts";
import type { Pass } from "./loop.ts";
import { undrainWait } from "./reconcile/reboot/decide-drained.ts";

export interface StatusParts {
  node: NodeStatus["node"];
  fleetId: NodeStatus["fleetId"];
  agent: NodeStatus["agent"];
  at: string;
  /** Null while the node may take nothing. */
  trust: TrustState | null;
  /** What root ordered on the node itself. */
  local: LocalState;
  keys: NonNullable<NodeStatus["keys"]> | null;
  /** The lead's record of its accepted head; null where it knows none. */
  rollout: RolloutRecord | null;
  /** This node's newest receipt. */
  receipt: Envelope | null;
  wanted: NodeStatus["wanted"];
  /** Beside the journal's own. */
  problems: readonly NodeStatus["problem"][];
  drift: DriftSummary;
  /** Null before the first pass. */
  pass: Pass | null;
}

export function composeStatus(parts: StatusParts): NodeStatus {
  const { pass, trust } = parts;
  return {
    v: 1,
    node: parts.node,
    fleetId: parts.fleetId,
    at: parts.at,
    state: pass?.decision.state ?? "idle",
    waiting: waitingOf(pass),
    agent: parts.agent,
    accepted: acceptedOf(trust),
    wanted: parts.wanted,
    system: pass?.observed.system ?? { current: null, booted: null, profile: null, bootDefault: null },
    ...variantOf(pass),
    restartAdvice: adviceOf(pass),
    fetch: fetchOf(pass),
    drift: parts.drift,
    checks: [...(pass?.observed.checks ?? [])].slice(0, maxChecks),
    local: parts.local.order,
    rollout: rolloutOf(parts.rollout),
    ...documentsOf(parts),
    problem: parts.problems.reduce(newest, pass?.journal?.problem ?? null),
  };
}

/** What of it is said every few seconds. */
export function beatOf({ accepted, state, fresh }: NodeStatus): Beat {
  const audit = fresh?.audit;
  const carried = audit === undefined ? {} : { a: carriedOf(audit) };
  return { e: accepted?.epoch ?? 0, s: accepted?.serial ?? 0, p: state, ...carried };
}

function acceptedOf(trust: TrustState | null): NodeStatus["accepted"] {
  const accepted = trust?.head ?? null;
  if (accepted === null) return null;
  const { id, acceptedAt, head } = accepted;
  return { epoch: head.epoch, serial: head.serial, id, world: head.world, acceptedAt };
}

/** While it goes on its record is written all the time. */
function rolloutOf(record: RolloutRecord | null): NodeStatus["rollout"] {
  if (record === null) return null;
  const { phase, at } = record;
  return { phase, at: phase === "committed" || phase === "returned" ? at : null };
}

const shownQuarantine = 64;

function documentsOf({ trust, local, keys, receipt, at }: StatusParts): Partial<NodeStatus> {
  const hold = wholeHold({ state: trust, local, nowMs: Date.parse(at) });
  if (trust === null || keys === null) return { hold };
  const { panic, fresh, quarantine, quarantinedHere } = trust;
  const here = quarantinedHere.map(({ toplevel }) => toplevel);
  return {
    keys,
    panic: panicOf(panic),
    hold,
    quarantine: [...new Set([...here, ...(quarantine?.toplevels ?? [])])].slice(0, shownQuarantine),
    undone: quarantinedHere.filter(isPanicDenial).map(({ toplevel }) => toplevel),
    fresh: freshOf(fresh),
    receipt,
  };
}

function freshOf(fresh: TrustState["fresh"]): NonNullable<NodeStatus["fresh"]> | null {
  if (fresh === null) return null;
  const { at, audit } = fresh;
  return audit === undefined ? { at } : { at, audit };
}

function panicOf(accepted: TrustState["panic"]): NonNullable<NodeStatus["panic"]> | null {
  if (accepted === null) return null;
  const { id, acceptedAt, panic } = accepted;
  return { epoch: panic.epoch, serial: panic.serial, id, acceptedAt };
}

export function problemAt(at: string, error: ChimeraError): NonNullable<NodeStatus["problem"]> {
  return { code: error.code, message: errorChain(error).slice(0, 2048), at };
}

function waitingOf(pass: Pass | null): NodeStatus["waiting"] {
  if (pass === null) return { reason: "starting", detail: "the first look at the machine is under way" };
  const { decision, journal } = pass;
  // Also of a pass that only begins with it, or waits for something else: whoever reads "committed" may let the next node go.
  const owed = journal === null ? null : undrainWait(journal);
  const holds = decision.waiting?.reason === "unhealthy-holds-fleet";
  const waiting = holds ? decision.waiting : (owed ?? decision.waiting);
  return waiting === null ? null : { reason: waiting.reason, detail: waiting.detail.slice(0, 1024) };
}

function variantOf(pass: Pass | null): Pick<NodeStatus, "specialisation"> {
  const { name, path } = pass?.observed.specialisation ?? {};
  return name === undefined || path === undefined ? {} : { specialisation: { name, path } };
}

function adviceOf(pass: Pass | null): string[] {
  return (pass?.observed.restartAdvice ?? []).slice(0, 8).map((reason) => reason.slice(0, 512));
}

function fetchOf(pass: Pass | null): NodeStatus["fetch"] {
  const fetch = pass?.observed.fetch;
  return fetch?.kind === "running" ? { doneBytes: fetch.doneBytes, totalBytes: fetch.totalBytes } : null;
}

function newest(a: NodeStatus["problem"], b: NodeStatus["problem"]): NodeStatus["problem"] {
  if (a === null || b === null) return a ?? b;
  return a.at > b.at ? a : b;
}
