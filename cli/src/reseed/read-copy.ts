/** SHELL. An operator's copy of a fleet's documents, all of it verified before anything of it is used. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { FleetId } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { openSignedHead, openSignedPanic, type WalkedChain } from "../documents/open-signed.ts";
import { readBoundedFile } from "../documents/read-bounded.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import { openList } from "../order/current-quarantine.ts";
import type { VerifiedCopy } from "./reseed-plan.ts";

/** Throws file-unreadable for a folder that has no copy, else the first document that does not hold. */
export async function readVerifiedCopy(folder: string, fleetId: FleetId): Promise<VerifiedCopy> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ChimeraError("file-unreadable", `no copy of this fleet in ${folder}`, { cause });
  });
  const chain = walkFleetKeys(await readKeySets(folder, names), fleetId);
  const read = async (name: string): Promise<Envelope | null> =>
    names.includes(name) ? readBoundedFile(join(folder, name), Envelope) : null;
  const [head, panic, ready, quarantine] = await Promise.all(
    ["head.json", "panic.json", "panic-ready.json", "quarantine.json"].map(read),
  );
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

async function readKeySets(folder: string, names: readonly string[]): Promise<Envelope[]> {
  const versions = names
    .flatMap((name) => {
      const version = /^keys\.([1-9]\d{0,8})\.json$/u.exec(name)?.[1];
      return version === undefined ? [] : [Number(version)];
    })
    .toSorted((a, b) => a - b);
  const gap = versions.findIndex((version, i) => version !== i + 1);
  if (versions.length === 0 || gap !== -1) {
    throw new ChimeraError("state-invalid", `${folder}: keys.${gap === -1 ? 1 : gap + 1}.json is missing`);
  }
  return Promise.all(
    versions.map((version) => readBoundedFile(join(folder, `keys.${version}.json`), Envelope)),
  );
}

function openWith<T>(envelope: Envelope | null | undefined, open: (envelope: Envelope) => T): T | null {
  return envelope === null || envelope === undefined ? null : open(envelope);
}
