/** SHELL. What one look at /etc works with: its settings, what it knows, and whether that still holds. */
import type { NodeEventBody } from "@chimera/proto/event";
import type { Log } from "@chimera/proto/log";
import { lstatSync, readlinkSync } from "node:fs";
import type { LimitFunction } from "p-limit";
import type { StandingAlarms } from "../../reconcile/drift/standing-alarms.ts";
import type { DriftMode } from "../../reconcile/drift/drift.ts";
import type { FirstMounts } from "../../reconcile/drift/mounts/rightful-mounts.ts";
import type { EtcScope } from "../../reconcile/drift/etc-scope.ts";
import { attempt } from "../errno-outcome.ts";
import { namedSystem } from "../system-pointers.ts";
import type { AttributeBook } from "./attributes/attribute-book.ts";
import type { DigestStamps } from "./digest-stamps.ts";
import type { Responder } from "./drift-response.ts";
import type { ExpectedEtc } from "./etc-expected.ts";
import type { WatchKey } from "./watching/etc-watcher.ts";
import type { Evidence } from "./evidence.ts";
import type { MountView } from "./mounts/mount-view.ts";
import type { RestoredRecord } from "./overlay/restored.ts";
import type { RevertContext } from "./revert-entry.ts";
import type { PathProof } from "../store-drift/path-proof.ts";

export interface DriftPassOptions {
  toplevel: () => string | null;
  mode: DriftMode;
  /** Of what is mounted over /etc. */
  mountMode: DriftMode;
  isHeld: () => boolean;
  /** The link to the system that really is active. */
  currentSystem: string;
  etcDir: string;
  /** Marks of what was mounted there when the agent first started after this boot. */
  firstMounts: FirstMounts;
  /** A switch runs: /etc is somebody else's for now. */
  isBusy: () => boolean;
  /** Somebody activates a system by hand: dear to ask. */
  isActivating: () => boolean;
  scope: EtcScope;
  evidence: Evidence;
  restored: RestoredRecord;
  responder: Responder;
  /** Null where what lies in the store is believed. */
  proof: PathProof | null;
  /** An entry is as declared, but for flags and attributes, which nobody knows of it now. */
  onStale: (path: string, since: number) => void;
  onEvent: (body: NodeEventBody) => void;
  log: Log;
}

export interface PassState extends DriftPassOptions {
  expected: ExpectedEtc | null;
  /** The next sweep reads the closure anew. */
  isForgotten: boolean;
  /** What the latest look could not compare at all, in words; the rest stands among the alarms. */
  unseen: readonly string[];
  mounts: MountView;
  attributes: AttributeBook;
  stamps: DigestStamps;
  /** One entry at a time; hints get their turn between the entries of a sweep. */
  turn: LimitFunction;
  alarms: StandingAlarms;
  /** Told at each look: what they would have said of what is known already is not asked again. */
  missingTools: Set<string>;
  /** How /etc/.clean differed at the last sweep. */
  cleanDiffered: string | null;
}

export interface Sweeping {
  expected: ExpectedEtc;
  /** Absolute paths that were looked at. */
  seen: Set<string>;
  isStopped: () => boolean;
}

/** False when the look must be given up. */
export type GoesOn = Promise<boolean>;

export function isCurrent(state: PassState, expected: ExpectedEtc): boolean {
  if (state.isBusy() || state.toplevel() !== expected.toplevel) return false;
  if (foreignSystem(state, expected.toplevel) !== null) return false;
  return !isBeingReplaced(state, expected);
}

/** `activate` by hand takes no lock, and moves this link long before the one to the running system. */
function isBeingReplaced({ etcDir, isActivating }: PassState, { entries }: ExpectedEtc): boolean {
  const link = entries.get("static");
  if (link?.kind !== "link") return false;
  const found = attempt(() => readlinkSync(`${etcDir}/static`));
  return found.kind === "done" && found.value !== link.target && isActivating();
}

/** `null` before the first activation of a boot too: then nobody else's is active either. */
export function foreignSystem({ currentSystem }: PassState, toplevel: string): string | null {
  const named = namedSystem(currentSystem);
  return named === toplevel ? null : named;
}

export function revertContext(state: PassState, expected: ExpectedEtc): RevertContext {
  return {
    etcDir: state.etcDir,
    evidence: state.evidence,
    isCurrent: () => isCurrent(state, expected),
    isWritable: (directory) => state.mounts.isWritable(expected, directory),
  };
}

export function watchKey({ etcDir }: PassState, { tree }: ExpectedEtc): WatchKey {
  const stats = lstatSync(etcDir, { throwIfNoEntry: false });
  return { tree, directory: `${stats?.dev ?? 0}:${stats?.ino ?? 0}` };
}

/** Shown until a whole sweep does not raise it again. */
export function alarm({ alarms }: PassState, code: string, message: string): void {
  alarms.raise(code, message);
}
