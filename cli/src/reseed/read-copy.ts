/** SHELL. An operator's copy of a fleet's documents, all of it verified before anything of it is used. */
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openSignedHead, openSignedPanic, type WalkedChain } from "../documents/open-signed.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import { readCopy, readKeyCopies } from "../fleet/operator-copy.ts";
import { openList } from "../order/current-quarantine.ts";
import type { VerifiedCopy } from "./reseed-plan.ts";

/** Throws file-unreadable for a folder that has no copy, else the first document that does not hold. */
export async function readVerifiedCopy(folder: string, fleetId: FleetId): Promise<VerifiedCopy> {
  const keySets = await readKeyCopies(folder);
  if (keySets.length === 0)
    throw new ChimeraError("file-unreadable", `no key set of this fleet in ${folder}`);
  const chain = walkFleetKeys(keySets, fleetId);
  const kinds = ["head", "panic", "panic-ready", "quarantine"] as const;
  const [head, panic, ready, quarantine] = await Promise.all(kinds.map((kind) => readCopy(folder, kind)));
  return {
    chain,
    head: openWith(head, (envelope) => ({ ...openSignedHead(chain, envelope), envelope })),
    panic: openWith(panic, (envelope) => ({ ...openSignedPanic(chain, envelope), envelope })),
    ready: openWith(ready, (envelope) => ({ ...openSignedPanic(chain, envelope), envelope })),
    quarantine: openWith(quarantine, (envelope) => openList(chain, envelope)),
  };
}

export function sameOrContinues(copy: WalkedChain, shown: WalkedChain): WalkedChain {
  const fork = copy.find(({ id }, i) => shown[i] !== undefined && shown[i].id !== id);
  if (fork === undefined) return shown.length > copy.length ? shown : copy;
  throw new ChimeraError(
    "content-conflict",
    `there is another key set ${fork.set.version} than the copy's: root signed two, or somebody has its keys`,
  );
}

function openWith<T>(envelope: Envelope | undefined, open: (envelope: Envelope) => T): T | null {
  return envelope === undefined ? null : open(envelope);
}
