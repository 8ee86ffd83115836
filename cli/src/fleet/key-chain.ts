/**
 * SHELL. Whom this fleet trusts: its key sets, walked from the first, whose hash is the fleet's id. What the controller
 * shows is believed only as far as it continues what this operator has seen.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { judgeKeySet, openFirstKeySet, type OpenedKeySet } from "@chimera/proto/signed/key-set";
import type { FleetId } from "@chimera/proto/names";
import type { DocumentApi } from "../api/document-api.ts";
import type { Io } from "../io.ts";
import { copyFolder, readKeyCopies, writeCopy } from "./operator-copy.ts";

export interface FleetKeys {
  newest: OpenedKeySet;
  /** First to newest, each judged by its predecessor. */
  chain: readonly OpenedKeySet[];
}

/** Throws keys-stale for a chain that is older than what was seen, content-conflict for another one. */
export async function fleetKeys(
  io: Io,
  api: Pick<DocumentApi, "keys">,
  { fleetId }: { fleetId: FleetId },
): Promise<FleetKeys> {
  const shown = walkFleetKeys(await api.keys(), fleetId);
  const copies = await readKeyCopies(copyFolder(io, fleetId));
  const seen = copies.length === 0 ? [] : walkFleetKeys(copies, fleetId);
  checkContinues(seen, shown);
  for (const { envelope } of shown.slice(seen.length)) {
    await writeCopy(io, fleetId, { kind: "keys", envelope });
  }
  return toKeys(shown);
}

/** The same from this operator's copy alone; undefined when none was seen yet. */
export async function rememberedKeys(io: Io, fleetId: FleetId): Promise<FleetKeys | undefined> {
  const copies = await readKeyCopies(copyFolder(io, fleetId));
  return copies.length === 0 ? undefined : toKeys(walkFleetKeys(copies, fleetId));
}

/** Each verified against the one before; throws fleet-mismatch or the code of the first that does not follow. */
export function walkFleetKeys(envelopes: readonly Envelope[], fleetId: FleetId): OpenedKeySet[] {
  if (envelopes.length === 0) throw new ChimeraError("input-invalid", "there is no key set");
  const walked: OpenedKeySet[] = [];
  for (const envelope of envelopes) walked.push(followKeySets(walked.at(-1), envelope, fleetId));
  return walked;
}

/** The one after `current`, the fleet's first after none; throws the code of the rule that does not hold. */
export function followKeySets(
  current: OpenedKeySet | undefined,
  envelope: Envelope,
  fleetId: FleetId,
): OpenedKeySet {
  if (current === undefined) return firstOf(envelope, fleetId);
  const verdict = judgeKeySet(current, envelope);
  if (verdict.kind === "next") return verdict.opened;
  const reason = verdict.kind === "known" ? `key set ${current.set.version} twice` : verdict.reason;
  throw new ChimeraError(verdict.kind === "known" ? "keys-stale" : verdict.code, reason);
}

function firstOf(envelope: Envelope, fleetId: FleetId): OpenedKeySet {
  const opened = openFirstKeySet(envelope);
  if (opened.fleetId === fleetId) return opened;
  throw new ChimeraError(
    "fleet-mismatch",
    `the controller serves fleet ${opened.fleetId}, the context is for ${fleetId}`,
  );
}

function checkContinues(seen: readonly OpenedKeySet[], shown: readonly OpenedKeySet[]): void {
  const other = seen.find(({ id }, i) => shown[i] !== undefined && shown[i].id !== id);
  if (other !== undefined) {
    throw new ChimeraError(
      "content-conflict",
      `the controller shows another key set ${other.set.version} than the one seen here: root signed two, or somebody has its keys`,
    );
  }
  if (seen.length > shown.length) {
    throw new ChimeraError(
      "keys-stale",
      `the controller shows key set ${shown.length}, but ${seen.length} was seen here: it lost data ("chimera reseed" brings them back) or hides them`,
    );
  }
}

function toKeys(walked: readonly OpenedKeySet[]): FleetKeys {
  const newest = walked.at(-1);
  if (newest === undefined) throw new ChimeraError("input-invalid", "there is no key set");
  return { newest, chain: walked };
}
