/**
 * PURE. Documents of a fleet's present and past: each must be signed by whoever had its role in some key set of the
 * walked chain. Nodes go by their newest set alone; who reads history must know the older ones too, and is told which.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openHead, type OpenedHead } from "@chimera/proto/signed/head";
import type { KeySet, OpenedKeySet } from "@chimera/proto/signed/key-set";
import { openOrder, type OpenedOrder } from "@chimera/proto/signed/order";
import { openPanic, type OpenedPanic } from "@chimera/proto/signed/panic";

/** First to newest, each judged by its predecessor. */
export type WalkedChain = readonly OpenedKeySet[];

/** Version of the key set that vouches for a document. */
export interface Vouched {
  keySet: number;
}

export function openSignedHead(chain: WalkedChain, envelope: Envelope): OpenedHead & Vouched {
  return byNewestSet(chain, ({ set, fleetId }) => {
    const opened = openHead(envelope, set.roles.publish);
    checkPlace({ document: opened.head, name: "head", fleetId, set });
    return opened;
  });
}

export function openSignedPanic(chain: WalkedChain, envelope: Envelope): OpenedPanic & Vouched {
  return byNewestSet(chain, ({ set, fleetId }) => {
    const opened = openPanic(envelope, set.roles.panic);
    checkPlace({ document: opened.panic, name: "panic", fleetId, set });
    return opened;
  });
}

export function openSignedOrder(chain: WalkedChain, envelope: Envelope): OpenedOrder & Vouched {
  return byNewestSet(chain, ({ set, fleetId }) => {
    const opened = openOrder(envelope, set.roles.order);
    if (opened.order.fleetId !== fleetId) throw foreign("order", opened.order.fleetId);
    return opened;
  });
}

/** Throws what the newest key set has against it when none vouches for it. */
function byNewestSet<T extends object>(chain: WalkedChain, open: (keys: OpenedKeySet) => T): T & Vouched {
  let newestSays: ChimeraError | undefined;
  for (const keys of chain.toReversed()) {
    try {
      return { ...open(keys), keySet: keys.set.version };
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      newestSays ??= error;
    }
  }
  throw newestSays ?? new ChimeraError("signature-invalid", "there is no key set to go by");
}

interface Placed {
  document: { fleetId: FleetId; epoch: number; serial: number };
  name: string;
  fleetId: FleetId;
  set: KeySet;
}

/** A key set speaks for its own epoch only: root raises it to end what was signed before. */
function checkPlace({ document, name, fleetId, set }: Placed): void {
  if (document.fleetId !== fleetId) throw foreign(name, document.fleetId);
  if (document.epoch === set.epoch) return;
  throw new ChimeraError(
    "order-jump",
    `${name} ${document.epoch}.${document.serial} is of another epoch than key set ${set.version}`,
  );
}

function foreign(name: string, fleetId: FleetId): ChimeraError {
  return new ChimeraError("fleet-mismatch", `the ${name} is for fleet ${fleetId}`);
}
