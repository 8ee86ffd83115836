/** Wiring: root's own orders, asked for over a socket, judged by what the agent knows. */
import { join } from "node:path";
import type { Incoming } from "@chimera/proto/acceptance/accept";
import { isQuarantined, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { Verdict } from "@chimera/proto/acceptance/verdict";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import { localError, type LocalAnswer, type LocalRequest, type LocalStatus } from "@chimera/proto/local-api";
import { LocalState } from "@chimera/proto/local-order";
import type { Log } from "@chimera/proto/log";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { NodeStatus } from "@chimera/proto/status";
import type { AgentConfig } from "../config.ts";
import { bootId, uptimeMs } from "../host/boot-clock.ts";
import { openGrowing } from "../host/state/growing-document.ts";
import { serveLocalSocket } from "../host/local-socket.ts";
import { holdOf } from "../desired/holds.ts";
import { composeLocalStatus } from "../local/compose-local-status.ts";
import { createDeliveryDesk, type DeliveryDesk } from "../delivery/delivery-desk.ts";
import { inspectSystem } from "../local/inspect-system.ts";
import { createLocalDesk, type LocalDesk } from "../local/local-desk.ts";
import type { LocalFacts } from "../local/judge-local.ts";
import { viewJournal } from "../local/view-journal.ts";
import type { Shared } from "../shared.ts";

export interface LocalNeeds {
  config: Pick<AgentConfig, "stateDir" | "runtimeDir">;
  shared: Shared;
  control: {
    status: () => NodeStatus;
    signedStatus: () => Envelope;
    report: (event: NodeEventBody) => void;
    keeper: { state: () => TrustState | null; take: (incoming: Incoming) => Verdict };
    rollout: () => RolloutRecord | null;
  };
  log: Log;
}

export interface LocalWiring extends Pick<LocalDesk, "settle"> {
  /** What the node would tell root of itself now. */
  status: () => LocalStatus;
  close: () => void;
}

const nothing: LocalState = { v: 1, order: null, hold: null };

export function wireLocal(needs: LocalNeeds): LocalWiring {
  const { config, shared, control } = needs;
  const trust = control.keeper.state;
  const log = needs.log.child({ component: "local" });
  const stored = openGrowing(join(config.stateDir, "local.json"), LocalState, log);
  let local = stored.value ?? nothing;
  shared.local = () => local;
  const desk = createLocalDesk({
    state: () => local,
    save(next) {
      stored.save(next);
      local = next;
    },
    facts: () => factsOf(needs),
    inspect: inspectSystem,
    isQuarantined(toplevel) {
      const state = trust();
      return state !== null && isQuarantined(state, toplevel);
    },
    onChange: () => shared.wake(),
    report: control.report,
    nowMs: () => floorOf(trust()),
    uptimeMs,
  });
  const carried = openDelivery(needs, () => local);
  const answer = (request: LocalRequest): Promise<LocalAnswer> => {
    if (request.command === "explain") return explain(needs, request.path, local);
    return request.command === "deliver" || request.command === "report"
      ? Promise.resolve(carried.answer(request))
      : desk.answer(request);
  };
  const { close } = serveLocalSocket({ ...config, answer, log });
  return { settle: desk.settle, status: () => statusOf(needs, local), close };
}

async function explain(needs: LocalNeeds, path: string, local: LocalState): Promise<LocalAnswer> {
  try {
    const shown = await needs.shared.explainDrift(path);
    const status = statusOf(needs, local);
    return { v: 1, ok: true, outcome: "shown", status, shown };
  } catch (error) {
    if (error instanceof ChimeraError) return localError(error.code, error.message);
    throw error;
  }
}

function openDelivery(needs: LocalNeeds, local: () => LocalState): DeliveryDesk {
  const { keeper, rollout, signedStatus } = needs.control;
  return createDeliveryDesk({
    take: (incoming) => keeper.take(incoming),
    trust: keeper.state,
    signedStatus,
    status: () => statusOf(needs, local()),
    rollout,
    // The next pass tells of it in a session.
    onAccepted: () => needs.shared.wake(),
  });
}

function statusOf(needs: LocalNeeds, local: LocalState): LocalStatus {
  return composeLocalStatus(factsOf(needs), local, floorOf(needs.control.keeper.state()));
}

function factsOf({ shared, control }: LocalNeeds): LocalFacts {
  const state = control.keeper.state();
  const { journal } = shared;
  return {
    status: control.status(),
    journal: journal === null ? null : viewJournal(journal, { bootId: bootId(), uptimeMs: uptimeMs() }),
    signedPlace: shared.place(),
    signedHold: holdOf(state, Date.now()),
  };
}

/** No clock may show less than the newest time in a signed document. */
function floorOf(state: TrustState | null): number {
  const floor = state?.clockFloor ?? null;
  return Math.max(Date.now(), floor === null ? 0 : Date.parse(floor));
}
