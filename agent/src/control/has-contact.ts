/** SHELL. Contact: a round trip that begins now and comes back, to any NATS server or to the controller's HTTP. */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { subjects } from "@chimera/proto/subjects";
import { httpGet } from "../http-get.ts";
import type { Connection } from "./connection.ts";

const answerMs = 5_000;
const maxBytes = 65_536;

export interface ContactPlaces {
  fleetId: FleetId;
  controllerUrl: string;
}

/** Whichever answers first: one of the two may be down, and that is not this node's fault. */
export function hasContact(
  connection: Connection,
  { fleetId, controllerUrl }: ContactPlaces,
): Promise<boolean> {
  return Promise.any([askNats(connection, fleetId), askController(controllerUrl)]).then(
    () => true,
    () => false,
  );
}

/** An answer is contact, whatever it says. */
async function askNats(connection: Connection, fleetId: FleetId): Promise<void> {
  await connection.request(subjects.desiredGet("head", fleetId), "");
}

/** Any answer of the controller itself: a proxy that stands before a dead one says 502 to 504. */
async function askController(controllerUrl: string): Promise<void> {
  const { status } = await httpGet(`${controllerUrl}/healthz`, { maxBytes, timeoutMs: answerMs });
  if (status >= 500) throw new ChimeraError("server-unreachable", `the controller answered ${status}`);
}
