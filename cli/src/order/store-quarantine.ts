/** SHELL. Stores a signed quarantine list: on top of the one that was read, or not at all. */
import { ChimeraError } from "@chimera/proto/errors";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { Observer } from "../fleet/operator.ts";
import { writeCopy } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import { printableLine } from "../print/printable.ts";
import { currentQuarantine } from "./current-quarantine.ts";

/** Throws write-conflict when somebody else's list came first. */
export async function storeQuarantine(
  io: Io,
  observer: Pick<Observer, "api" | "context" | "keys">,
  envelope: Envelope,
): Promise<void> {
  const { api, context } = observer;
  await api.putQuarantine(envelope).catch(async (cause: unknown) => {
    if (!(cause instanceof ChimeraError) || !mayBeStored.has(cause.code)) throw cause;
    const stored = await currentQuarantine(io, observer);
    if (stored?.id === sha256(payloadOf(envelope, "order"))) return;
    if (cause.code === "deadline-exceeded" || cause.code === "server-unreachable") throw cause;
    const other = stored === null ? "none" : printableLine(`${stored.list.serial} by ${stored.order.author}`);
    throw new ChimeraError(
      "write-conflict",
      `another quarantine list was stored meanwhile (newest: ${other}); yours was not: look at it, then run this again`,
      { cause },
    );
  });
  await writeCopy(io, context.fleetId, { kind: "quarantine", envelope });
}

/** An answer that was lost says nothing of what was stored; a serial that is taken may be our own. */
const mayBeStored: ReadonlySet<string> = new Set([
  "write-conflict",
  "order-stale",
  "order-equivocation",
  "content-conflict",
  "deadline-exceeded",
  "server-unreachable",
]);
