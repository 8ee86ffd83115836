/** SHELL. What every publishing command needs before it begins: context, keys, API, and the checked newest world. */
import type { NodeView } from "@chimera/proto/api";
import type { Signer } from "@chimera/proto/signed/keys";
import { createApiClient, type ApiClient } from "../api/api-client.ts";
import {
  currentContext,
  readPublishKey,
  trustedPublishers,
  type NamedContext,
} from "../context/current-context.ts";
import type { Io } from "../io.ts";
import { currentFleet, type CurrentFleet, type Trust } from "./current-fleet.ts";
import { readSeen, writeSeen } from "./fleet-memory.ts";

export interface Operator {
  context: NamedContext;
  api: ApiClient;
  signer: Signer;
  trust: Trust;
  current: CurrentFleet;
  nodes: NodeView[];
}

/** Reads keys first: a missing file is found before anybody is asked anything. */
export async function createOperator(io: Io, contextName: string | undefined): Promise<Operator> {
  const context = await currentContext(io, contextName);
  const signer = await readPublishKey(context);
  const api = await createApiClient(io, context);
  const seen = await readSeen(io, context.fleetId);
  const trust: Trust = { fleetId: context.fleetId, publish: trustedPublishers(context, signer), seen };
  const [current, nodes] = await Promise.all([currentFleet(api, trust), api.nodes()]);
  if (current.newest !== null) await writeSeen(io, current.newest.head, current.newest.id);
  return { context, api, signer, trust, current, nodes };
}
