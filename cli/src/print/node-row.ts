/** PURE. What the status table says of one node: everything that a node wrote is made printable here. */
import type { NodeView } from "@chimera/proto/api";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { NodeStatus } from "@chimera/proto/status";
import type { AgeMs } from "./age.ts";
import type { Paint, Style } from "./paint.ts";
import { unlookedSince, unlookedText } from "./drift-table.ts";
import { printableLine } from "./printable.ts";
import { duration, shortPath } from "./units.ts";

/** Three beats of 10 s, and some. A silent node is not an up-to-date node. */
const silentAfterMs = 45_000;

/** A map: words of newer nodes are looked up too, whatever they are. */
const styles: ReadonlyMap<string, Style> = new Map([
  ["committed", "green"],
  ["reverted", "red"],
  ["revert-failed", "red"],
  ["refused", "red"],
  ["stuck", "red"],
  ["quarantined", "red"],
  ["unreachable", "red"],
  ["panic-no-target", "red"],
  ["held", "yellow"],
  ["staged-for-reboot", "yellow"],
]);

/** Of a node that has committed, and is no good as it is. */
const callsSomebody: ReadonlySet<string> = new Set([
  "undrain-failed",
  "no-way-back",
  "unhealthy-holds-fleet",
]);

export interface RowSight {
  ageMs: AgeMs;
  /** What the effective world has for a node; null where it has nothing, or its leaves are not known. */
  leafOf: (node: NodeName) => StorePath | null;
}

/** Since when nothing was heard; null when it was heard lately. Undefined when it never was. */
export function silentMs(view: NodeView, ageMs: AgeMs): number | null | undefined {
  const ages = [view.beat?.at, view.status?.at].flatMap((at) => (at === undefined ? [] : [ageMs(at)]));
  if (ages.length === 0) return undefined;
  const ms = Math.min(...ages);
  return ms > silentAfterMs ? ms : null;
}

/** Whether somebody has to look at this node. */
export function needsAttention(view: NodeView, { ageMs, leafOf }: RowSight): boolean {
  const { status } = view;
  if (status === null || silentMs(view, ageMs) !== null || !view.verified) return true;
  if (saysSo(status) || typeof unlookedSince(status) === "string") return true;
  const style = styles.get(status.state);
  return style === "red" || style === "yellow" || isElsewhere(status, leafOf(view.node));
}

function saysSo({ state, problem, waiting }: NodeStatus): boolean {
  return (problem !== null && state !== "committed") || callsSomebody.has(waiting?.reason ?? "");
}

/** Not, or not only, what is to run. Of a node that the world has no leaf for its own word is all there is. */
function isElsewhere({ drift, system, wanted, local = null }: NodeStatus, leaf: StorePath | null): boolean {
  return drift.openCount > 0 || system.current !== (leaf ?? wanted) || local !== null;
}

export function nodeRow(view: NodeView, sight: RowSight, paint: Paint): string[] {
  const { status, beat } = view;
  const { ageMs } = sight;
  const leaf = sight.leafOf(view.node);
  return [
    view.node,
    stateCell(view, ageMs, paint),
    status?.accepted === null || status === null ? "-" : String(status.accepted.serial),
    runningCell(view),
    wantedCell(view, leaf, paint),
    driftCell(view, paint),
    healthCell(view, paint),
    beat === null ? "-" : duration(ageMs(beat.at)),
    status === null ? "" : waitingCell(status, leaf),
  ];
}

export const nodeHead = [
  "NODE",
  "STATE",
  "SERIAL",
  "RUNNING",
  "WANTED",
  "DRIFT",
  "HEALTH",
  "BEAT",
  "WAITING",
];

function stateCell(view: NodeView, ageMs: AgeMs, paint: Paint): string {
  const silent = silentMs(view, ageMs);
  if (silent === undefined) return paint("red", "never reported");
  const state = view.status?.state ?? view.beat?.p ?? "unreachable";
  if (silent !== null) return paint("red", `${state}, silent for ${duration(silent)}`);
  if (view.status !== null && !view.verified) return paint("red", `${state}, unsigned`);
  const style = styles.get(state);
  return style === undefined ? state : paint(style, state);
}

function runningCell({ status }: NodeView): string {
  const path = shortPath(status?.system.current ?? null);
  const name = status?.specialisation?.name;
  return name === undefined ? path : `${path}, ${printableLine(name)}`;
}

function wantedCell({ status }: NodeView, leaf: StorePath | null, paint: Paint): string {
  const wanted = leaf ?? status?.wanted ?? null;
  if (status === null || wanted === null) return "-";
  return wanted === status.system.current ? "same" : paint("yellow", shortPath(wanted));
}

function driftCell({ status }: NodeView, paint: Paint): string {
  if (status === null) return "-";
  const { openCount, reverted } = status.drift;
  const since = unlookedSince(status);
  const open = openCount === 0 ? noneText(since, paint) : paint("red", `${openCount} open`);
  return reverted === 0 ? open : `${open}, ${reverted} undone`;
}

/** A time is said of a node that looked once: the first look comes with the first system of ours. */
function noneText(since: string | null | undefined, paint: Paint): string {
  return typeof since === "string" ? paint("yellow", unlookedText(since)) : "none";
}

function healthCell({ health }: NodeView, paint: Paint): string {
  if (health === null) return "-";
  const failed = health.failedUnits.length;
  if (failed > 0) return paint("red", `${failed} failed units`);
  return printableLine(health.systemState);
}

/** What root ordered on the node itself comes first: no document explains it. */
function waitingCell(status: NodeStatus, leaf: StorePath | null): string {
  const { waiting, problem, local = null, restartAdvice = [] } = status;
  const ordered = local === null ? [] : [`local ${local.action} until ${local.until} by ${local.author}`];
  const own = [...ordered, ...straysTo(status, leaf)];
  if (waiting !== null) return printableLine([...own, `${waiting.reason}: ${waiting.detail}`].join("; "));
  const failed = problem === null ? [] : [`${problem.code}: ${problem.message}`];
  return printableLine([...own, ...failed, ...adviceOf(restartAdvice)].join("; "));
}

/** It goes by another document than the fleet, or has gone back to another system than its leaf. */
function straysTo({ wanted, system }: NodeStatus, leaf: StorePath | null): string[] {
  if (leaf === null || wanted === null || wanted === leaf || system.current === leaf) return [];
  return [`goes to ${shortPath(wanted)} instead`];
}

/** Nearly every update brings another initrd: that alone is no news. */
function adviceOf(advice: readonly string[]): string[] {
  const isNews = advice.some((reason) => !reason.startsWith("another initrd"));
  return isNews ? [`a restart would bring ${advice.join(", ")}`] : [];
}
