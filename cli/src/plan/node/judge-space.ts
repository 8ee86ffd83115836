/** PURE. Whether a node has room for another system: by what it said last, and by the rule of its own pre-flight. */
import type { HealthSample } from "@chimera/proto/health";
import { bootNameDigest, isOnBoot } from "@chimera/proto/system/boot-files";
import { bootLack, storeLack, type Room } from "@chimera/proto/system/space";
import type { BootFile } from "./system-facts.ts";

interface Measured {
  /** Of NARs at most, or of kernels and initrds that are not there. */
  neededBytes: number;
  /** Null where nothing can fill up, or nothing is needed and nobody said what is free. */
  freeBytes: number | null;
  reserveBytes: number | null;
  /** When the node said so. */
  saidAt: string | null;
}

type SpaceVerdict =
  | (Measured & { kind: "ok" })
  | (Measured & { kind: "lacks"; missingBytes: number })
  | { kind: "unknown"; because: string; neededBytes: number | null };

export interface SpacePlan {
  store: SpaceVerdict;
  boot: SpaceVerdict;
}

/** What a node said of its space; if nothing, why. */
export type Said =
  | { kind: "health"; health: Pick<HealthSample, "at" | "storeFreeBytes" | "space"> }
  | { kind: "nothing"; because: string };

export interface Wanted {
  /** NAR bytes of all paths that the node may lack; null where a closure list could not be had. */
  narBytes: number | null;
  /** Of the new system; null where it could not be had. */
  bootFiles: readonly BootFile[] | null;
  /** Of the old one; none where there is none. */
  oldBootFiles: readonly BootFile[];
}

export function judgeSpace(said: Said, wanted: Wanted): SpacePlan {
  return { store: judgeStore(said, wanted), boot: judgeBoot(said, wanted) };
}

const olderAgent = "its agent or the controller is older than that report";

function judgeStore(said: Said, { narBytes }: Wanted): SpaceVerdict {
  if (narBytes === null) return unknown("a closure list could not be had", null);
  if (said.kind === "nothing") return unknown(said.because, narBytes);
  const { storeFreeBytes: freeBytes, space, at } = said.health;
  if (space === undefined) return unknown(olderAgent, narBytes);
  const room = { freeBytes, reserveBytes: space.storeReserveBytes };
  return judged(storeLack(narBytes, room), narBytes, { room, saidAt: at });
}

function judgeBoot(said: Said, wanted: Wanted): SpaceVerdict {
  if (wanted.bootFiles === null) return unknown("the system could not be had", null);
  const space = said.kind === "health" ? said.health.space : undefined;
  if (said.kind === "nothing" || space === undefined) {
    return judgeUnheard(wanted.bootFiles, wanted, said.kind === "nothing" ? said.because : olderAgent);
  }
  const saidAt = said.health.at;
  const { boot } = space;
  if (boot === null) return nothingNeeded(saidAt);
  const there = new Set(boot.files);
  const missing = wanted.bootFiles.filter(
    ({ path }) => !isOnBoot(path, (name) => there.has(bootNameDigest(name))),
  );
  if (missing.length === 0) return nothingNeeded(saidAt);
  const needed = sizeOf(missing);
  if (typeof needed === "string") return unknown(needed, null);
  if (boot.freeBytes === null) return unknown("/boot there cannot be read, or is mounted on demand", needed);
  const room = { freeBytes: boot.freeBytes, reserveBytes: boot.reserveBytes };
  return judged(bootLack(needed, room), needed, { room, saidAt });
}

/** What the old system booted from lies there, as far as anybody can tell who has not heard of it. */
function judgeUnheard(files: readonly BootFile[], { oldBootFiles }: Wanted, because: string): SpaceVerdict {
  const old = new Set(oldBootFiles.map(({ path }) => path));
  const missing = files.filter(({ path }) => !old.has(path));
  if (missing.length === 0) return nothingNeeded(null);
  const needed = sizeOf(missing);
  return typeof needed === "string" ? unknown(needed, null) : unknown(because, needed);
}

/** In words where a size is not known. */
function sizeOf(files: readonly BootFile[]): number | string {
  const outside = files.find(({ bytes }) => bytes === null);
  return outside === undefined
    ? files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
    : `the closure does not tell how large ${outside.path} is: it is no file of the store`;
}

function judged(
  missingBytes: number,
  neededBytes: number,
  { room, saidAt }: { room: Room; saidAt: string },
): SpaceVerdict {
  const measured = { neededBytes, ...room, saidAt };
  return missingBytes === 0 ? { kind: "ok", ...measured } : { kind: "lacks", missingBytes, ...measured };
}

function nothingNeeded(saidAt: string | null): SpaceVerdict {
  return { kind: "ok", neededBytes: 0, freeBytes: null, reserveBytes: null, saidAt };
}

function unknown(because: string, neededBytes: number | null): SpaceVerdict {
  return { kind: "unknown", because, neededBytes };
}
