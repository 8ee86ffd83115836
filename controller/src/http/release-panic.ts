/** SHELL. A button for panic: the document that lies ready for the newest head, released by whoever may operate. No key of anybody. */
import type { PanicReleased, ReleasePanic, StoredHead, StoredPanic } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest } from "@chimera/proto/names";
import { showPlace } from "@chimera/proto/signed/place";
import type { StoredToken } from "../files/token-file.ts";
import { standingPanic } from "../fleet/fleet-documents.ts";
import type { Act } from "./audited.ts";
import { publishPanic } from "./publish-panic.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "config" | "store" | "worlds" | "log">;
type Caller = Pick<StoredToken, "name" | "role">;

/**
 * Pressed again it answers the same. Throws panic-void where another head is the newest by now, not-found where nothing
 * lies ready.
 */
export async function releasePanic(
  services: Needed,
  asked: ReleasePanic,
  { caller, act }: { caller: Caller; act: Act },
): Promise<PanicReleased> {
  const documents = await services.store.documents.read();
  const head = wantedHead(documents.heads[0], asked);
  const standing = standingPanic(documents);
  if (standing !== null) return answer(standing, { revision: standing.revision, before: true });
  const ready = await services.store.documents.panicReady();
  // Read after the head: where it is of another one, that is the newest by now.
  if (ready === null || ready.panic.undoes !== head.id) {
    const how = '"chimera panic" signs one where a panic key is at hand';
    throw new ChimeraError("not-found", `no panic lies ready for head ${showPlace(head.head)}: ${how}`);
  }
  if (asked.dryRun) return answer(ready, { revision: null, before: false });
  const { id, revision } = await publishPanic(services, { envelope: ready.envelope }, act);
  const { name, role } = caller;
  services.log.warn({ id, serial: head.head.serial, revision, caller: name, role }, "panic released");
  return { ...answer(ready, { revision, before: false }), id };
}

function wantedHead(newest: StoredHead | undefined, { serial, head }: ReleasePanic): StoredHead {
  if (newest === undefined)
    throw new ChimeraError("panic-void", "the fleet has no head: there is nothing to undo");
  const isIt = (serial ?? newest.head.serial) === newest.head.serial && (head ?? newest.id) === newest.id;
  if (isIt) return newest;
  const wanted = [
    ...(serial === undefined ? [] : [String(serial)]),
    ...(head === undefined ? [] : [shortDigest(head)]),
  ].join(" ");
  const found = `${newest.head.serial} (${shortDigest(newest.id)})`;
  throw new ChimeraError("panic-void", `head ${wanted} was to be undone, but the newest is ${found}`);
}

function answer(
  { id, panic: { serial, undoes, world } }: StoredPanic,
  rest: Pick<PanicReleased, "revision" | "before">,
): PanicReleased {
  return { id, serial, head: undoes, world, ...rest };
}
