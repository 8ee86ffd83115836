/** SHELL. Turns what happened into CloudEvents in the outbox, and the outbox into messages of the stream. */
import { randomUUID } from "node:crypto";
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { FleetId, NodeName } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import type { Connection } from "./connection.ts";
import { openOutbox, type Outbox, type SpooledEvent } from "./outbox.ts";
import { requireStored } from "./require-stored.ts";

export interface EventOutboxOptions {
  connection: Connection;
  node: NodeName;
  fleetId: FleetId;
  file: string;
  log: Log;
}

export function openEventOutbox({ connection, node, fleetId, file, log }: EventOutboxOptions): Outbox {
  return openOutbox({
    file,
    isOurs: (subject) => subject.startsWith(subjects.events(fleetId, node)),
    send: (event) => sendEvent(connection, event),
    isConnected: connection.isConnected,
    onTrouble: (error) => log.debug({ error }, "event was not sent"),
  });
}

/** Rejects unless JetStream says that it has the event. */
async function sendEvent(connection: Connection, event: SpooledEvent): Promise<void> {
  const { data } = await connection.request(event.subject, event.body, { messageId: event.id });
  requireStored(data);
}

export function reportEvent(
  { node, fleetId }: { node: NodeName; fleetId: FleetId },
  outbox: Outbox,
  body: NodeEventBody,
): void {
  const dropped = outbox.takeDropped();
  if (dropped > 0) {
    const message = `${dropped} events were dropped: the outbox was full`;
    put({ node, fleetId }, outbox, { type: "alarm", data: { code: "outbox-full", message } });
  }
  put({ node, fleetId }, outbox, body);
  void outbox.flush();
}

function put(
  { node, fleetId }: { node: NodeName; fleetId: FleetId },
  outbox: Outbox,
  body: NodeEventBody,
): void {
  const id = randomUUID();
  const event = {
    specversion: "1.0",
    id,
    source: node,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    ...body,
  };
  outbox.add({ id, subject: subjects.event(fleetId, node, body.type), body: JSON.stringify(event) });
}
