/** PURE. When a rollout goes no further: too many failed, or a network did. */
import type { NodeName } from "@chimera/proto/names";
import { countBefore, giveUp, noted, write, type Scene, type Step } from "./scene.ts";
import { someOf } from "./outcomes.ts";

/** Null where it may go on. */
export function stopOf(scene: Scene): Step | null {
  const { record, failures, policy } = scene;
  if (record.phase === "paused") return null;
  const fresh = failures.count - (record.tolerated ?? 0);
  if (fresh <= 0) return null;
  if (failures.holding !== null) return write(scene, { phase: "paused", reason: failures.holding });
  const lost = lostSince(scene);
  if (isOutage(scene, lost)) {
    const reason = `${lost.length} nodes lost contact at once: this looks like the network, not like the new system`;
    return write(scene, { phase: "paused", reason });
  }
  if (fresh <= policy.maxFailed) return null;
  // What is lost with one blow is noticed one by one, as each was heard last.
  return fresh - lost.length <= policy.maxFailed && isLosing(scene)
    ? noted(scene, `${someOf(lost)} lost contact: whether others have too shows in a moment`)
    : fail(scene);
}

/** Nodes are heard at least every 12 s: what the same blow has cut off is noticed within that time. */
const lossMs = 15_000;

function isLosing({ lostMs, nowMs, record, waves: all }: Scene): boolean {
  const { wave = 0, first = 0 } = record.released ?? {};
  const isAlone = countBefore(all, wave) + first < 2;
  return !isAlone && (lostMs === null || nowMs - lostMs < lossMs);
}

/** Half of those that were let go, in the wave that is under way or in all. */
function isOutage({ record, waves: all }: Scene, lost: readonly NodeName[]): boolean {
  const { wave: number = 0, first = 0 } = record.released ?? {};
  const wave = (all[number] ?? []).slice(0, first);
  const lostNow = lost.filter((node) => wave.includes(node)).length;
  return isHalf(lostNow, first) || isHalf(lost.length, countBefore(all, number) + first);
}

/** Not those over which an operator went on: what fails after that is judged by itself. */
function lostSince({ failures: { byContact }, record: { failed = [] } }: Scene): NodeName[] {
  const seen = new Set(failed.flatMap(({ node, isSeen }) => (isSeen === true ? [node] : [])));
  return byContact.filter((node) => !seen.has(node));
}

/** One alone says nothing of the others. */
function isHalf(lost: number, letGo: number): boolean {
  return lost >= 2 && lost * 2 >= letGo;
}

function fail(scene: Scene): Step {
  const { failures, policy } = scene;
  const [first] = failures.named;
  const more = failures.count > 1 ? `, and ${failures.count - 1} more` : "";
  const reason = `${failures.count} failed, ${policy.maxFailed} may: ${first?.node ?? ""} ${first?.reason ?? ""}${more}`;
  return policy.onFailure === "return" ? giveUp(scene, reason) : write(scene, { phase: "paused", reason });
}
