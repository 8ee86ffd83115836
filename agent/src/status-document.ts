/** PURE. Composes the node's status from what the parts know. */
import { errorChain, type ChimeraError } from "@chimera/proto/errors";
import type { DriftSummary } from "@chimera/proto/drift";
import type { NodeStatus } from "@chimera/proto/status";
import type { AcceptedHead } from "./control/accepted.ts";
import type { Pass } from "./loop.ts";

export interface StatusParts {
  node: NodeStatus["node"];
  fleetId: NodeStatus["fleetId"];
  agent: NodeStatus["agent"];
  at: string;
  accepted: AcceptedHead | null;
  wanted: NodeStatus["wanted"];
  /** Beside the journal's own. */
  problems: readonly NodeStatus["problem"][];
  drift: DriftSummary;
  /** Null before the first pass. */
  pass: Pass | null;
}

export function composeStatus(parts: StatusParts): NodeStatus {
  const { pass, accepted } = parts;
  return {
    v: 1,
    node: parts.node,
    fleetId: parts.fleetId,
    at: parts.at,
    state: pass?.decision.state ?? "idle",
    waiting: waitingOf(pass),
    agent: parts.agent,
    accepted:
      accepted === null
        ? null
        : {
            epoch: accepted.head.epoch,
            serial: accepted.head.serial,
            id: accepted.id,
            world: accepted.head.world,
            acceptedAt: accepted.acceptedAt,
          },
    wanted: parts.wanted,
    system: pass?.observed.system ?? { current: null, booted: null, profile: null, bootDefault: null },
    fetch: fetchOf(pass),
    drift: parts.drift,
    problem: parts.problems.reduce(newest, pass?.journal?.problem ?? null),
  };
}

export function problemAt(at: string, error: ChimeraError): NonNullable<NodeStatus["problem"]> {
  return { code: error.code, message: errorChain(error).slice(0, 2048), at };
}

function waitingOf(pass: Pass | null): NodeStatus["waiting"] {
  if (pass === null) return { reason: "starting", detail: "the first look at the machine is under way" };
  const { waiting } = pass.decision;
  return waiting === null ? null : { reason: waiting.reason, detail: waiting.detail.slice(0, 1024) };
}

function fetchOf(pass: Pass | null): NodeStatus["fetch"] {
  const fetch = pass?.observed.fetch;
  return fetch?.kind === "running" ? { doneBytes: fetch.doneBytes, totalBytes: fetch.totalBytes } : null;
}

function newest(a: NodeStatus["problem"], b: NodeStatus["problem"]): NodeStatus["problem"] {
  if (a === null || b === null) return a ?? b;
  return a.at > b.at ? a : b;
}
