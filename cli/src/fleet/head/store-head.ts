/** SHELL. Stores a head that is signed by enough: on top of exactly the one that was read, or not at all. */
import { ChimeraError } from "@chimera/proto/errors";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import { rememberHead } from "../fleet-memory.ts";
import { printableLine } from "../../print/printable.ts";
import type { Io } from "../../io.ts";
import type { Observer } from "../operator.ts";

export async function storeHead(
  io: Io,
  { api, context, current }: Pick<Observer, "api" | "context" | "current">,
  envelope: Envelope,
): Promise<void> {
  const id = sha256(payloadOf(envelope, "head"));
  await api.putHead({ envelope, expectedRevision: current.revision }).catch(async (cause: unknown) => {
    if (!(cause instanceof ChimeraError) || !isUnclear(cause)) throw cause;
    const { head } = await api.fleet();
    if (head?.id === id) return;
    if (cause.code !== "write-conflict") throw cause;
    const other = head === null ? "none" : printableLine(`${head.head.serial} by ${head.head.author}`);
    throw new ChimeraError(
      "write-conflict",
      `another head was published meanwhile (newest: ${other}); yours was not stored: look at it, then run this again`,
      { cause },
    );
  });
  await rememberHead(io, context.fleetId, envelope);
}

/** An answer that was lost says nothing about what was stored. */
function isUnclear({ code }: ChimeraError): boolean {
  return code === "deadline-exceeded" || code === "server-unreachable" || code === "write-conflict";
}
