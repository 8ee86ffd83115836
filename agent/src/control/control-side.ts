/** SHELL. All that talks to NATS and the controller, as one part: heads in, events and telemetry out. */
import type { RoleKeys } from "@chimera/proto/signed/envelope";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Hardware } from "@chimera/proto/hardware";
import type { Accepted } from "@chimera/proto/signed/head";
import type { HealthSample } from "@chimera/proto/health";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import type { NkeySigner } from "@chimera/proto/nkey";
import type { NodeStatus } from "@chimera/proto/status";
import { subjects } from "@chimera/proto/subjects";
import { createAcceptance, type Acceptance } from "./acceptance.ts";
import type { AcceptedHead } from "./accepted.ts";
import { openConnection, type Connection } from "./connection.ts";
import { readHead, subscribeToOrders } from "./desired.ts";
import { reportEvent, sendEvent } from "./events.ts";
import { fetchLeafProof } from "./leaf.ts";
import { openOutbox, type Outbox } from "./outbox.ts";
import { every, startTelemetry, type Telemetry } from "./telemetry.ts";

export interface ControlOptions {
  node: NodeName;
  fleetId: FleetId;
  servers: readonly string[];
  nkey: NkeySigner;
  signer: Signer;
  controllerUrl: string;
  token: () => string;
  publish: RoleKeys;
  outboxFile: string;
  accepted: AcceptedHead | null;
  floor: Accepted | null;
  saveAccepted: (accepted: AcceptedHead) => void;
  /** Must answer from the first moment on. */
  status: (acceptance: Acceptance) => NodeStatus;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
  onJudged: () => void;
  log: Log;
}

export interface ControlSide {
  acceptance: Acceptance;
  report: (event: NodeEventBody) => void;
  noteChange: () => void;
  /** A fresh round trip to NATS, begun after the call. */
  hasContact: () => Promise<boolean>;
  /** Ends after what waits was sent, if NATS is there. */
  stop: () => Promise<void>;
}

const readHeadMs = 30_000;
const flushMs = 5_000;

export function startControl(options: ControlOptions): ControlSide {
  const { node, fleetId, log } = options;
  const onConnected = () => {
    // The first connect may come before the parts below exist; they look for themselves when they start.
    // Orders first: whatever is wrong with what the node tells must not keep it from hearing.
    void parts?.acceptance.refresh();
    void parts?.outbox.flush();
    parts?.telemetry.onConnected();
  };
  let parts: Parts | null = null;
  const connection = openConnection({
    servers: options.servers,
    name: node,
    nkey: options.nkey,
    inboxPrefix: subjects.inboxPrefix(node),
    log: log.child({ component: "connection" }),
    onConnected,
  });
  const started = startParts(options, connection);
  parts = started;
  const { acceptance, outbox, telemetry } = started;
  subscribeToOrders(connection, fleetId, () => void acceptance.refresh());
  const timers = [
    every(readHeadMs, 0.2, () => void acceptance.refresh()),
    every(flushMs, 0.2, () => void outbox.flush()),
  ];
  return {
    acceptance,
    report: (event) => reportEvent({ node, fleetId }, outbox, event),
    noteChange: telemetry.noteChange,
    hasContact: () => hasContact(connection, fleetId),
    async stop() {
      for (const stopTimer of timers) stopTimer();
      telemetry.stop();
      await outbox.flush();
      await telemetry.settled();
      outbox.close();
      await connection.close();
    },
  };
}

function hasContact(connection: Connection, fleetId: FleetId): Promise<boolean> {
  return connection.request(subjects.desiredGet("head", fleetId), "").then(
    () => true,
    () => false,
  );
}

interface Parts {
  acceptance: Acceptance;
  outbox: Outbox;
  telemetry: Telemetry;
}

function startParts(options: ControlOptions, connection: Connection): Parts {
  const { node, fleetId, log } = options;
  const outbox = openOutbox({
    file: options.outboxFile,
    isOurs: (subject) => subject.startsWith(subjects.events(fleetId, node)),
    send: (event) => sendEvent(connection, event),
    isConnected: connection.isConnected,
    onTrouble: (error) => log.debug({ error }, "event was not sent"),
  });
  const acceptance = createAcceptance({
    identity: { node, fleetId, nodeKey: options.signer.publicKey },
    publish: options.publish,
    accepted: options.accepted,
    floor: options.floor,
    save: options.saveAccepted,
    readHead: () => readHead(connection, fleetId),
    fetchLeaf: (world) => fetchLeafProof(options.controllerUrl, options.token(), { world, node }),
    report: (event) => reportEvent({ node, fleetId }, outbox, event),
    onJudged: options.onJudged,
    log: log.child({ component: "acceptance" }),
  });
  const telemetry = startTelemetry({
    connection,
    signer: options.signer,
    log: log.child({ component: "telemetry" }),
    status: () => options.status(acceptance),
    health: options.health,
    hardware: options.hardware,
  });
  return { acceptance, outbox, telemetry };
}
