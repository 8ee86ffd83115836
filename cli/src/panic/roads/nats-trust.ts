/**
 * SHELL. Whom the fleet trusts, from this machine's copies and NATS. In an emergency one bad document, here or there, must not
 * hide the good ones: each is judged by itself, and what does not count is told.
 */
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Digest, FleetId } from "@chimera/proto/names";
import { sha256 } from "@chimera/proto/signed/canonical";
import { payloadOf, type Envelope } from "@chimera/proto/signed/envelope";
import type { OpenedKeySet } from "@chimera/proto/signed/key-set";
import { subjects } from "@chimera/proto/subjects";
import { followKeySets } from "../../fleet/key-chain.ts";
import { copyFolder, readCopy, readKeyCopy } from "../../fleet/operator-copy.ts";
import type { Trust } from "../../fleet/verify-documents.ts";
import type { Io } from "../../io.ts";
import type { NatsLink } from "../../nats/connection.ts";
import { printable } from "../../print/printable.ts";
import { readDocument } from "./nats-documents.ts";

const maxKeySets = 1024;

export interface NatsTrust {
  newest: OpenedKeySet;
  trust: Trust;
  /** The newest head that this operator has seen. */
  headCopy: Envelope | null;
}

/** Throws server-unreachable where neither this machine nor NATS has a key set of the fleet. */
export async function natsTrust(
  io: Io,
  link: Pick<NatsLink, "request">,
  fleetId: FleetId,
): Promise<NatsTrust> {
  const chain = await walkKeySets(io, link, fleetId);
  const newest = chain.at(-1);
  if (newest === undefined) {
    const what =
      "neither this machine nor NATS has a key set of the fleet: nothing can be verified (where the controller answers, any command keeps a copy)";
    throw new ChimeraError("server-unreachable", what);
  }
  const headCopy = await intact(io, () => readCopy(copyFolder(io, fleetId), "head"));
  const panicCopy = await intact(io, () => readCopy(copyFolder(io, fleetId), "panic"));
  const known = new Set([...idOf(headCopy, "head"), ...idOf(panicCopy, "panic")]);
  return {
    newest,
    trust: { fleetId, roles: newest.set.roles, chain, known, vouched: undefined },
    headCopy,
  };
}

/** Null, and a line, for a copy on this machine that is damaged. */
export async function intact<T>(io: Io, read: () => Promise<T | undefined>): Promise<T | null> {
  try {
    return (await read()) ?? null;
  } catch (error) {
    if (!(error instanceof ChimeraError)) throw error;
    io.err(`chimera: going on without a copy of this machine: ${printable(errorChain(error))}\n`);
    return null;
  }
}

/** First to newest: of each version this operator's copy, else what NATS has; up to the first that neither has. */
async function walkKeySets(
  io: Io,
  link: Pick<NatsLink, "request">,
  fleetId: FleetId,
): Promise<OpenedKeySet[]> {
  const chain: OpenedKeySet[] = [];
  const follow = (envelope: Envelope, from: string): OpenedKeySet | null => {
    try {
      return followKeySets(chain.at(-1), envelope, fleetId);
    } catch (error) {
      if (!(error instanceof ChimeraError)) throw error;
      const version = chain.length + 1;
      io.err(`chimera: key set ${version} ${from} does not count: ${printable(error.message)}\n`);
      return null;
    }
  };
  while (chain.length < maxKeySets) {
    const version = chain.length + 1;
    const copy = await intact(io, () => readKeyCopy(copyFolder(io, fleetId), version));
    const own = copy === null ? null : follow(copy, "on this machine");
    const next = own ?? (await keySetInNats(io, link, { fleetId, version, follow }));
    if (next === null) return chain;
    chain.push(next);
  }
  return chain;
}

interface Wanted {
  fleetId: FleetId;
  version: number;
  follow: (envelope: Envelope, from: string) => OpenedKeySet | null;
}

async function keySetInNats(
  io: Io,
  link: Pick<NatsLink, "request">,
  { fleetId, version, follow }: Wanted,
): Promise<OpenedKeySet | null> {
  const found = await readDocument(link, subjects.keySetGet(fleetId, version));
  if (found.kind === "found") return follow(found.envelope, "in NATS");
  if (found.kind === "garbage") io.err(`chimera: key set ${version} in NATS is no signed document\n`);
  return null;
}

function idOf(envelope: Envelope | null, kind: "head" | "panic"): Digest[] {
  try {
    return envelope === null ? [] : [sha256(payloadOf(envelope, kind))];
  } catch (error) {
    if (error instanceof ChimeraError) return [];
    throw error;
  }
}
