/** SHELL. What the controller knows, where it can still be asked: for seconds only, since nothing waits for it here. */
import type { FleetView, NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { WorldId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Leaf } from "@chimera/proto/signed/world";
import { createApiClient } from "../../api/api-client.ts";
import type { NamedContext } from "../../context/current-context.ts";
import { verifiedWorld } from "../../fleet/current-fleet.ts";
import type { Io } from "../../io.ts";

export interface AskedController {
  view: FleetView;
  keySets: Envelope[];
  nodes: NodeView[];
  world: (id: WorldId) => Promise<Leaf[]>;
}

const patienceMs = 4_000;

/** Null where it does not answer, or not well. */
export async function askController(io: Io, context: NamedContext): Promise<AskedController | null> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(patienceMs)]);
  const impatient = { ...io, signal };
  try {
    const api = await createApiClient(impatient, context);
    const [view, keySets, nodes] = await Promise.all([api.fleet(), api.keys(), api.nodes()]);
    const patient = await createApiClient(io, context);
    return { view, keySets, nodes, world: (id) => verifiedWorld(patient, id) };
  } catch (error) {
    io.signal.throwIfAborted();
    if (error instanceof ChimeraError || signal.aborted) return null;
    throw error;
  }
}
