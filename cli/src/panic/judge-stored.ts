/** PURE. Whether a panic may be written to NATS over what lies there: over nothing that is newer, and not twice. */
import { ChimeraError } from "@chimera/proto/errors";
import { comparePlace, showPlace, type PlaceLike } from "@chimera/proto/signed/place";
import type { VerifiedHead, VerifiedPanic } from "../fleet/verify-documents.ts";

/** What NATS shows, as far as the fleet signed it; the panic was read before the head. */
export interface StoredLook {
  kind: "seen";
  /** Null for garbage too. */
  panic: VerifiedPanic | null;
  /** Of the panic's newest entry, whatever that is. */
  revision: number;
  head: (VerifiedHead & { revision: number }) | null;
}

export interface OwnPanic {
  /** What it undoes. */
  head: VerifiedHead;
  /** `isSent`: it was written before, and no answer came. */
  own: Pick<VerifiedPanic, "panic"> & { isSent: boolean };
}

/** Throws panic-void under a newer head or its panic, order-equivocation beside a panic of the same head for another world. */
export function judgeStored(look: StoredLook, { head, own }: OwnPanic): "stored" | "write" {
  const same = look.panic?.panic.undoes === head.id ? look.panic : null;
  if (same === null || !isFollowed(look, own)) requireNothingAbove(head, look.head?.head);
  if (same !== null) {
    requireSameWorld(head, { same, own });
    return "stored";
  }
  // Where NATS shows the head that is to be undone, a panic of a higher place undoes nothing, and no node heeds it.
  if (look.head?.id !== head.id) requireNothingAbove(head, look.panic?.panic);
  return "write";
}

/** Ours was stored although no answer came: what was published after it follows it. */
function isFollowed({ head, revision }: StoredLook, { isSent }: OwnPanic["own"]): boolean {
  return isSent && head !== null && head.revision > revision;
}

function requireNothingAbove({ head }: VerifiedHead, other: PlaceLike | undefined): void {
  if (other === undefined || comparePlace(other, head) <= 0) return;
  const [mine, newest] = [showPlace(head), showPlace(other)];
  throw new ChimeraError(
    "panic-void",
    `head ${newest} is newer than ${mine}, whose panic is void by that: run this again to undo ${newest}`,
  );
}

function requireSameWorld(
  { head }: VerifiedHead,
  { same, own }: { same: VerifiedPanic; own: OwnPanic["own"] },
): void {
  if (same.panic.world === own.panic.world) return;
  throw new ChimeraError(
    "order-equivocation",
    `the stored panic ${same.id} undoes head ${showPlace(head)} too, but for world ${same.panic.world}: nodes keep the first`,
  );
}
