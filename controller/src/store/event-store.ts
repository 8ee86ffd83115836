/** SHELL. What nodes reported, newest first, straight from the stream. */
import { NodeEvent, type NodeEventType } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import type { FleetId } from "@chimera/proto/names";
import { streams } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import type { NatsLink } from "./connection.ts";
import { readNewest } from "./read-stream.ts";

export interface EventQuery {
  /** All nodes when absent. */
  node?: string | undefined;
  type?: NodeEventType | undefined;
  limit: number;
}

export async function readEvents(
  { link, fleetId, log }: { link: NatsLink; fleetId: FleetId; log: Log },
  { node = "*", type, limit }: EventQuery,
): Promise<NodeEvent[]> {
  const subject = `chimera.${fleetId}.event.${node}.${type ?? "*"}`;
  const messages = await readNewest(link, { stream: streams.events, subject, limit });
  return messages.map((message) => readEvent(message, log)).filter((event) => event !== undefined);
}

/** An event that names another node or type than its subject is not shown: the subject is what NATS checked. */
function readEvent(message: JsMsg, log: Log): NodeEvent | undefined {
  const [, , , node, type] = message.subject.split(".");
  try {
    const event = NodeEvent.safeParse(message.json());
    if (event.success && event.data.source === node && event.data.type === type) return event.data;
  } catch (error) {
    log.debug({ subject: message.subject, error }, "event is not JSON");
    return undefined;
  }
  log.debug({ subject: message.subject }, "event refused");
  return undefined;
}
