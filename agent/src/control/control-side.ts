/** SHELL. All that talks to NATS and the controller, as one part: documents in, receipts, events and telemetry out. */
import type { AckMessage } from "@chimera/proto/api";
import type { ErrorCode } from "@chimera/proto/errors";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Hardware } from "@chimera/proto/hardware";
import type { HealthSample } from "@chimera/proto/health";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import type { NodeStatus } from "@chimera/proto/status";
import { desiredKinds, subjects } from "@chimera/proto/subjects";
import { openConnection, type Connection, type Credentials } from "./connection.ts";
import { hasContact } from "./has-contact.ts";
import { openEventOutbox, reportEvent } from "./events.ts";
import { parseBounded } from "./look/read-stored.ts";
import { openDocuments, type DocumentOptions, type Documents, type Told } from "./open-documents.ts";
import type { Outbox } from "./outbox.ts";
import { keepPass, type PassOptions } from "./pass/renew-pass.ts";
import { createSessionPost, type SessionPost, type SessionPostOptions } from "./sessions/session-post.ts";
import { every, startTelemetry, type Telemetry } from "./telemetry.ts";
import { createWakeUp, type WakeUp } from "./wake-up.ts";

export interface ControlOptions extends DocumentOptions {
  servers: readonly string[];
  credentials: () => Credentials;
  outboxFile: string;
  /** Must answer from the first moment on. */
  status: (told: Told) => NodeStatus;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
  /** Where the server knows its users by passes: how the next one is kept. */
  pass?: Pick<PassOptions, "save" | "lookMs"> | undefined;
  /** Absent where there are none to be watched. */
  sessions?: Pick<SessionPostOptions, "sessions" | "holderOf"> | undefined;
}

export interface ControlSide extends Told {
  sessionPost: SessionPost | null;
  refresh: () => Promise<void>;
  report: (event: NodeEventBody) => void;
  noteChange: () => void;
  /** What the node would say of itself now. */
  status: () => NodeStatus;
  /** The same, signed: as NATS gets it. */
  signedStatus: () => Envelope;
  /** A fresh round trip to NATS or controller, begun after the call. */
  hasContact: () => Promise<boolean>;
  /** Ends after what waits was sent, if NATS is there. */
  stop: () => Promise<void>;
}

const lookMs = 30_000;
const flushMs = 5_000;

export function startControl(options: ControlOptions): ControlSide {
  const { node, fleetId, log } = options;
  let parts: Parts | null = null;
  const connection = openConnection({
    servers: options.servers,
    name: node,
    credentials: options.credentials,
    inboxPrefix: subjects.inboxPrefix(node),
    log: log.child({ component: "connection" }),
    // The first connect may come before the parts below exist; they look for themselves when they start.
    onConnected: () => lookAndTell(parts),
  });
  const started = startParts(options, connection);
  parts = started;
  const { look, outbox, telemetry, receipts } = started;
  const { stop, ...wakeUp } = createWakeUp(() => {
    started.eventsWait = false;
    void outbox.flush();
    void look.refresh();
  });
  subscribe(connection, options, { parts: started, ...wakeUp });
  const report = (event: NodeEventBody) => reportEvent({ node, fleetId }, outbox, event);
  const timers = [...startTimers(started), stop, startPass(options, connection, report)];
  return {
    ...started.told,
    sessionPost: started.sessionPost,
    refresh: look.refresh,
    status: () => options.status(started.told),
    signedStatus: () => seal("status", options.status(started.told), [options.signer]),
    report,
    noteChange() {
      receipts.note();
      telemetry.noteChange();
    },
    hasContact: () => hasContact(connection, { fleetId, controllerUrl: options.controllerUrl }),
    stop: () => stopParts(started, { connection, timers }),
  };
}

function startPass(
  options: ControlOptions,
  connection: Connection,
  report: (event: NodeEventBody) => void,
): () => void {
  const { pass, log } = options;
  if (pass === undefined) return () => undefined;
  const alarm = (code: ErrorCode, message: string) =>
    report({ type: "alarm", data: { code, message: message.slice(0, 2048) } });
  return keepPass({ ...options, ...pass, connection, alarm, log: log.child({ component: "pass" }) });
}

/** Orders first: whatever is wrong with what the node tells must not keep it from hearing. */
function lookAndTell(parts: Parts | null): void {
  void parts?.look.refresh();
  void parts?.outbox.flush();
  parts?.telemetry.onConnected();
  parts?.sessionPost?.onConnected();
}

async function stopParts(
  { telemetry, outbox, settle, sessionPost }: Parts,
  { connection, timers }: { connection: Connection; timers: readonly (() => void)[] },
): Promise<void> {
  for (const stopTimer of timers) stopTimer();
  telemetry.stop();
  sessionPost?.close();
  settle();
  await outbox.flush();
  await telemetry.settled();
  outbox.close();
  await connection.close();
}

function startTimers({ look, watch, outbox }: Parts): (() => void)[] {
  return [
    every(lookMs, 0.2, () => void look.refresh()),
    // By itself: a look that waits for answers must not keep the node from noticing the silence.
    every(lookMs, 0.2, watch.checkFreshness),
    every(flushMs, 0.2, () => void outbox.flush()),
  ];
}

/** A message carries no facts, since it may be one that JetStream refused; but a panic is its own proof, and so is an order. */
function subscribe(
  connection: Connection,
  { fleetId, node, sessionOrders }: ControlOptions,
  { parts, wake, wakeLater }: { parts: Parts } & Omit<WakeUp, "stop">,
): void {
  const { look, orders } = parts;
  for (const kind of desiredKinds) {
    if (kind !== "panic") connection.subscribe(subjects.desired(kind, fleetId), wake);
  }
  connection.subscribe(subjects.keySet(fleetId, "*"), wake);
  connection.subscribe(subjects.desired("panic", fleetId), (data) => {
    // A deleted key says nothing.
    if (data.length === 0) return;
    // Everybody hears it at once: the receipt goes out now, and what else there is to say and to read a little later.
    parts.eventsWait = true;
    if (look.hearPanic(parseBounded(data, Envelope))) wakeLater();
    else wake();
  });
  // What is signed, or an ask to be shown something.
  connection.subscribe(subjects.cmd(fleetId, node), (data) => {
    if (parts.sessionPost?.take(data) !== true) orders.answer(data);
  });
  if (sessionOrders === null) return;
  connection.subscribe(subjects.sessionKeys(fleetId, node, "*"), (data, subject) =>
    sessionOrders.takeKeys(subjects.sessionOfKeys(subject), data),
  );
}

interface Parts extends Documents {
  /** They are on disk, and sent after the receipt of a panic. */
  eventsWait: boolean;
  outbox: Outbox;
  telemetry: Telemetry;
  sessionPost: SessionPost | null;
}

function startParts(options: ControlOptions, connection: Connection): Parts {
  const { node, fleetId, log, signer } = options;
  let parts: Parts | null = null;
  const outbox = openEventOutbox({ connection, node, fleetId, file: options.outboxFile, log });
  const flush = () => (parts?.eventsWait === true ? Promise.resolve() : outbox.flush());
  const report = (event: NodeEventBody) => reportEvent({ node, fleetId }, { ...outbox, flush }, event);
  const acknowledge = (message: AckMessage) => {
    connection.publish(subjects.ack(fleetId, node), JSON.stringify(message));
  };
  const documents = openDocuments(options, { connection, report, acknowledge });
  const telemetry = startTelemetry({
    connection,
    signer,
    log: log.child({ component: "telemetry" }),
    status: () => options.status(documents.told),
    health: options.health,
    hardware: options.hardware,
  });
  const sessionPost =
    options.sessions === undefined
      ? null
      : createSessionPost({
          ...options.sessions,
          node,
          fleetId,
          connection,
          log: log.child({ component: "sessions" }),
        });
  parts = { ...documents, eventsWait: false, outbox, telemetry, sessionPost };
  return parts;
}
