/** SHELL. Waits until others have signed a proposed head and the last of them has published it. */
import { ChimeraError, errorCodes } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { comparePlace } from "@chimera/proto/signed/place";
import type { Io } from "../../io.ts";
import type { SentHead } from "../head/publish-head.ts";
import { printableLine } from "../../print/printable.ts";
import { verifyNewest } from "../newest-document.ts";
import type { Observer } from "../operator.ts";

const pollMs = 1000;

/** The head as it was published. Throws order-stale when another head took its place, deadline-exceeded when the time is up. */
export async function waitForSignatures(
  io: Io,
  { api, trust }: Pick<Observer, "api" | "trust">,
  { sent, timeoutSeconds }: { sent: SentHead; timeoutSeconds: number },
): Promise<Envelope> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const stored = await published();
    if (stored !== undefined) return stored;
    if (performance.now() > deadline) {
      throw new ChimeraError(
        "deadline-exceeded",
        `after ${timeoutSeconds} s the proposal ${shortDigest(sent.id)} lacks signatures; it stays, and the last one publishes it`,
      );
    }
    await io.sleep(pollMs);
  }

  async function published(): Promise<Envelope | undefined> {
    const view = await api.fleet().catch((error: unknown) => {
      if (error instanceof ChimeraError && errorCodes[error.code].retry === "backoff") return undefined;
      throw error;
    });
    io.signal.throwIfAborted();
    if (view === undefined) return undefined;
    const { head } = verifyNewest(view, trust);
    if (head === null || comparePlace(head.head, sent.head) < 0) return undefined;
    if (head.id === sent.id) return head.envelope;
    throw new ChimeraError(
      "order-stale",
      `head ${head.head.serial} by ${printableLine(head.head.author)} was published instead: look at it, then run this again`,
    );
  }
}
