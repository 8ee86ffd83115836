/** Wiring: root's own orders, asked for over a socket, judged by what the agent knows. */
import { join } from "node:path";
import { isQuarantined, type TrustState } from "@chimera/proto/acceptance/trust-state";
import type { NodeEventBody } from "@chimera/proto/event";
import { LocalState } from "@chimera/proto/local-order";
import type { Log } from "@chimera/proto/log";
import type { NodeStatus } from "@chimera/proto/status";
import type { AgentConfig } from "./config.ts";
import { bootId, uptimeMs } from "./host/boot-clock.ts";
import { openDocument } from "./host/state/documents.ts";
import { serveLocalSocket } from "./host/local-socket.ts";
import { holdOf } from "./holds.ts";
import { inspectSystem } from "./local/inspect-system.ts";
import { createLocalDesk, type LocalDesk } from "./local/local-desk.ts";
import type { LocalFacts } from "./local/judge-local.ts";
import { viewJournal } from "./local/view-journal.ts";
import type { Shared } from "./shared.ts";

export interface LocalNeeds {
  config: Pick<AgentConfig, "stateDir" | "runtimeDir">;
  shared: Shared;
  trust: () => TrustState | null;
  control: { status: () => NodeStatus; report: (event: NodeEventBody) => void };
  log: Log;
}

export interface LocalWiring extends Pick<LocalDesk, "settle"> {
  close: () => void;
}

const nothing: LocalState = { v: 1, order: null, hold: null };

export function wireLocal(needs: LocalNeeds): LocalWiring {
  const { config, shared, trust, control } = needs;
  const log = needs.log.child({ component: "local" });
  const stored = openDocument(join(config.stateDir, "local.json"), LocalState, log);
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
  const { close } = serveLocalSocket({ ...config, answer: desk.answer, log });
  return { settle: desk.settle, close };
}

function factsOf({ shared, trust, control }: LocalNeeds): LocalFacts {
  const state = trust();
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
