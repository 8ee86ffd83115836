/** SHELL. Verified key sets: walked from the pinned one over what the bucket holds, and kept as files for when it loses it. */
import { join } from "node:path";
import { Count, type Digest } from "@chimera/proto/names";
import type { Log } from "@chimera/proto/log";
import { sha256 } from "@chimera/proto/signed/canonical";
import { Envelope } from "@chimera/proto/signed/envelope";
import { openPinnedKeySet, type OpenedKeySet } from "@chimera/proto/signed/key-set";
import { subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import type { ControllerConfig } from "../config.ts";
import { readKeyFiles, writeKeyFile, type FoundWhen } from "../files/key-files.ts";
import { walkChain, type KeyChain } from "../fleet/key-chain.ts";
import { readEnvelope, readJson, storedMsOf } from "./read-envelope.ts";

interface KeyState extends KeyChain {
  /** When the bucket was first seen to hold each one, in Unix milliseconds. */
  since: ReadonlyMap<Digest, number>;
}

export interface KeyStore {
  /** The chain as far as it is known; it only rises. */
  current(): KeyState;
  /** Takes over what the bucket holds: what is new and follows is on disk when this returns. */
  take(messages: readonly JsMsg[]): KeyState;
  /** The sets that nodes would not find in the bucket. */
  lost(messages: readonly JsMsg[]): OpenedKeySet[];
}

export function openKeyStore(
  { trustedKeys, fleetId, cacheDir }: Pick<ControllerConfig, "trustedKeys" | "fleetId" | "cacheDir">,
  log: Log,
): KeyStore {
  const folder = join(cacheDir, "keys");
  const pinned = openPinnedKeySet(trustedKeys, fleetId);
  const kept = readKeyFiles(folder, log);
  const onDisk = new Set(kept.map(idOf));
  let state = walk(kept);
  let seen = "";
  function walk(found: readonly FoundWhen[]): KeyState {
    const { chain, refused } = walkChain(pinned, found);
    for (const { version, reason } of refused) log.error({ version, reason }, "key set refused");
    return { ...chain, since: sinceOf(found) };
  }
  function keep(opened: OpenedKeySet): void {
    const { set, id, signedBy } = opened;
    if (onDisk.has(id)) return;
    writeKeyFile(folder, foundAs(opened, state));
    onDisk.add(id);
    log.info({ version: set.version, epoch: set.epoch, id, signedBy }, "key set taken over");
  }
  return {
    current: () => state,
    take(messages) {
      const look = messages.map(({ seq, info }) => `${seq} ${info.timestampNanos}`).join();
      if (look === seen) return state;
      // What is known goes first: of two that follow, the one that was seen first is kept.
      const known = state.sets.map((opened) => foundAs(opened, state));
      state = walk([...known, ...messages.flatMap((message) => readFound(message, log))]);
      state.sets.forEach(keep);
      seen = look;
      return state;
    },
    lost: (messages) => state.sets.filter((opened) => !isOnTop(opened, messages)),
  };
}

/** Nodes read the newest entry of a key, and no other. */
function isOnTop({ set, fleetId, envelope }: OpenedKeySet, messages: readonly JsMsg[]): boolean {
  const subject = subjects.keySet(fleetId, set.version);
  const newest = messages.findLast((message) => message.subject === subject);
  return newest !== undefined && readJson(newest, Envelope)?.payload === envelope.payload;
}

function foundAs({ set, id, envelope }: OpenedKeySet, { since }: KeyState): FoundWhen {
  return { version: set.version, envelope, sinceMs: since.get(id) ?? Date.now() };
}

function readFound(message: JsMsg, log: Log): FoundWhen[] {
  const version = Count.safeParse(Number(message.subject.split(".").at(-1)));
  const envelope = readEnvelope(message, log);
  if (envelope === undefined || !version.success) return [];
  return [{ version: version.data, envelope, sinceMs: storedMsOf(message) }];
}

/** The earliest time of each. */
function sinceOf(found: readonly FoundWhen[]): Map<Digest, number> {
  const since = new Map<Digest, number>();
  for (const one of found) {
    const id = idOf(one);
    since.set(id, Math.min(one.sinceMs, since.get(id) ?? Infinity));
  }
  return since;
}

function idOf({ envelope }: FoundWhen): Digest {
  return sha256(Buffer.from(envelope.payload, "base64"));
}
