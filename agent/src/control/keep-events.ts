/** SHELL. Events of a command that runs without the agent: they wait in the agent's outbox until it tells them. */
import { join } from "node:path";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { reportEvent } from "./events.ts";
import { openOutbox, type Outbox } from "./outbox.ts";

export interface EventKeeper {
  report: (event: NodeEventBody) => void;
  close: () => void;
}

export interface EventKeeperOptions {
  node: NodeName;
  fleetId: FleetId;
  stateDir: string;
  log: Log;
}

/** Opened with the first event: by then no agent runs any more, and the outbox has one writer. */
export function keepEvents({ node, fleetId, stateDir, log }: EventKeeperOptions): EventKeeper {
  let outbox: Outbox | null = null;
  return {
    report(event) {
      outbox ??= openOutbox({
        file: join(stateDir, outboxName),
        isOurs: () => true,
        send: () => Promise.reject(new Error("nothing is sent now")),
        isConnected: () => false,
        onTrouble: (error) => log.debug({ error }, "event was kept"),
      });
      reportEvent({ node, fleetId }, outbox, event);
    },
    close: () => outbox?.close(),
  };
}

export const outboxName = "outbox.jsonl";
