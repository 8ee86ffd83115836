/** SHELL. The fleet's quarantine list, verified, and never older than the one that was seen here. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Order } from "@chimera/proto/signed/order";
import { openSignedOrder, type WalkedChain } from "../documents/open-signed.ts";
import type { Observer } from "../fleet/operator.ts";
import { copyFolder, readCopy, writeCopy } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import type { QuarantineList } from "./next-quarantine.ts";

export interface StoredList {
  id: Digest;
  order: Order;
  list: QuarantineList;
  envelope: Envelope;
  /** Version of the key set that vouches for it. */
  keySet: number;
}

/** Null where the fleet has none. Throws order-stale where a newer one was seen here, content-conflict for another of that serial. */
export async function currentQuarantine(
  io: Io,
  { api, context, keys }: Pick<Observer, "api" | "context" | "keys">,
): Promise<StoredList | null> {
  const { fleetId } = context;
  const { chain } = keys;
  const [stored, copy] = await Promise.all([
    api.quarantine(),
    readCopy(copyFolder(io, fleetId), "quarantine"),
  ]);
  const list = stored === null ? null : openList(chain, stored);
  const seen = copy === undefined ? null : openList(chain, copy);
  checkSeen(list, seen);
  if (list !== null && list.id !== seen?.id) {
    await writeCopy(io, fleetId, { kind: "quarantine", envelope: list.envelope });
  }
  return list;
}

/** Throws signature-invalid, fleet-mismatch, or input-invalid for an order of another kind. */
export function openList(chain: WalkedChain, envelope: Envelope): StoredList {
  const { order, id, keySet } = openSignedOrder(chain, envelope);
  const { action } = order;
  if (action.kind === "quarantine") return { id, order, list: action, envelope, keySet };
  throw new ChimeraError("input-invalid", `where the quarantine list is due there is a ${action.kind}`);
}

function checkSeen(list: StoredList | null, seen: StoredList | null): void {
  if (seen === null || list?.id === seen.id) return;
  const shown = list?.list.serial ?? 0;
  if (shown > seen.list.serial) return;
  if (shown === seen.list.serial) {
    throw new ChimeraError(
      "content-conflict",
      `the controller shows another quarantine list ${shown} than the one seen here`,
    );
  }
  throw new ChimeraError(
    "order-stale",
    `the controller shows quarantine list ${shown}, but ${seen.list.serial} was seen here: it lost data ("chimera reseed" brings it back) or hides it`,
  );
}
