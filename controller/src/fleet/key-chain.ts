/** PURE. The chain of a fleet's key sets, out of whatever was found: only what the pinned one vouches for counts. */
import type { KeyRole, OpenedKeySet } from "@chimera/proto/signed/key-set";
import { judgeKeySet, openFirstKeySet } from "@chimera/proto/signed/key-set";
import type { Envelope, RoleKeys } from "@chimera/proto/signed/envelope";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest } from "@chimera/proto/names";

/** Where several are found for one version, the first that follows is kept. */
export interface FoundKeySet {
  version: number;
  envelope: Envelope;
}

export interface KeyChain {
  /** One after the other, the newest last; begins with the first where that was found too. */
  sets: readonly OpenedKeySet[];
  newest: OpenedKeySet;
}

interface RefusedKeySet {
  version: number;
  reason: string;
}

export interface WalkedChain {
  chain: KeyChain;
  /** What stood where the next one was due. */
  refused: RefusedKeySet[];
}

export function walkChain(pinned: OpenedKeySet, found: readonly FoundKeySet[]): WalkedChain {
  const refused: RefusedKeySet[] = [];
  const above: OpenedKeySet[] = [];
  let newest = pinned;
  for (let next = nextOf(newest, found, refused); next !== undefined;) {
    above.push(next);
    newest = next;
    next = nextOf(newest, found, refused);
  }
  return { chain: { sets: [...leadingTo(pinned, found), pinned, ...above], newest }, refused };
}

function nextOf(
  current: OpenedKeySet,
  found: readonly FoundKeySet[],
  refused: RefusedKeySet[],
): OpenedKeySet | undefined {
  for (const candidate of found.filter(({ version }) => version === current.set.version + 1)) {
    const verdict = judgeKeySet(current, candidate.envelope);
    if (verdict.kind === "next") return verdict.opened;
    const reason = verdict.kind === "refuse" ? verdict.reason : `it is key set ${current.set.version}`;
    refused.push({ version: candidate.version, reason });
  }
  return undefined;
}

/** Below a pinned one, only a chain from the fleet's first that ends in it says anything. */
function leadingTo(pinned: OpenedKeySet, found: readonly FoundKeySet[]): OpenedKeySet[] {
  if (pinned.set.version === 1) return [];
  const first = found
    .filter(({ version }) => version === 1)
    .map(({ envelope }) => openFirst(envelope))
    .find((opened) => opened?.fleetId === pinned.fleetId);
  if (first === undefined || first === null) return [];
  const below = found.filter(({ version }) => version < pinned.set.version);
  const chain = walkChain(first, [...below, { version: pinned.set.version, envelope: pinned.envelope }]);
  return chain.chain.newest.id === pinned.id ? chain.chain.sets.slice(0, -1) : [];
}

function openFirst(envelope: Envelope): OpenedKeySet | null {
  try {
    return openFirstKeySet(envelope);
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

export interface RoleThen {
  keys: RoleKeys;
  /** Of the key set that gives the role: heads of another one are nobody's. */
  epoch: number;
}

/**
 * Whose signatures count for what was stored at a time: the newest key set's, and those of the set that was the newest
 * then. A head stays what it was when its key is retired, and that key can write nothing new.
 */
export function rolesAt(
  { sets, newest }: KeyChain,
  { role, storedMs, since }: { role: KeyRole; storedMs: number; since: ReadonlyMap<Digest, number> },
): RoleThen[] {
  const then = sets.findLast(({ id }, i) => i === 0 || (since.get(id) ?? 0) < storedMs) ?? newest;
  const counting = then.id === newest.id ? [newest] : [newest, then];
  return counting.flatMap(({ set: { roles, epoch } }) => {
    const keys = roles[role];
    return keys === undefined ? [] : [{ keys, epoch }];
  });
}
