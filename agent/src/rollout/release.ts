/** PURE. Who may go next: as many as may be on their way at once, and those that were away in their turn. */
import type { NodeName } from "@chimera/proto/names";
import { absentIn, withAbsent } from "@chimera/proto/rollout/absent-nodes";
import type { Released } from "@chimera/proto/rollout/rollout-record";
import type { Outcome } from "./node-outcome.ts";
import { someOf, type Outcomes } from "./outcomes.ts";
import { countBefore, noted, waveName, write, type Scene, type Step } from "./scene.ts";

/** As many more of this wave as may be on their way at once. */
export function release(scene: Scene, released: Released): Step {
  const returned = readmit(scene, released);
  if (returned !== null) return returned;
  const { outcomes } = scene;
  const { wave: number, first } = released;
  const wave = scene.waves[number] ?? [];
  const next = first + freeIn(wave.slice(first), { outcomes, free: placesIn(scene, released) });
  if (next === first) return noted(scene, `${waveName(scene, number)}: ${someOf(openIn(scene, released))}`);
  const reason = `${waveName(scene, number)}: ${next} of ${wave.length} may go`;
  const passed = passedOver(scene, released, next);
  return write(scene, {
    phase: "waves",
    reason,
    released: withAbsent({ wave: number, first: next }, new Set([...absentIn(released), ...passed])),
  });
}

/** Who was away when it was let go, and is back: as many of them as may be on their way at once. Null where nobody is. */
export function readmit(scene: Scene, released: Released): Step | null {
  const absent = absentIn(released);
  if (absent.size === 0) return null;
  const all = scene.waves.flat();
  const back = [...absent].filter((index) => isOpenAt(scene, all[index]));
  const admitted = back.slice(0, Math.max(0, placesIn(scene, released)));
  if (admitted.length === 0) return null;
  const names = someOf(admitted.flatMap((index) => all[index] ?? []));
  for (const index of admitted) absent.delete(index);
  const reason = `${waveName(scene, released.wave)}: ${names} may go, having come back`;
  return write(scene, { phase: "waves", reason, released: withAbsent(released, absent) });
}

/** Of those that are let go by then: whom nobody waits for, and who would go the moment it is back, or what keeps it is gone. */
function passedOver(
  { waves: all, outcomes, policy }: Scene,
  { wave: number, first }: Released,
  next: number,
): number[] {
  if (policy.maxUnavailable === null) return [];
  const before = countBefore(all, number);
  const passed = (all[number] ?? []).slice(first, next).entries();
  return [...passed].flatMap(([at, node]) => {
    return isStill(outcomes.get(node)) ? [before + first + at] : [];
  });
}

/** How many more may be on their way; those of earlier waves that came late are too. */
function placesIn(scene: Scene, released: Released): number {
  const { maxUnavailable } = scene.policy;
  return maxUnavailable === null ? Infinity : maxUnavailable - openIn(scene, released).length;
}

/** Who was let go and is on its way. */
function openIn({ waves: all, outcomes }: Scene, released: Released): NodeName[] {
  const absent = absentIn(released);
  const letGo = all.flat().slice(0, countBefore(all, released.wave) + released.first);
  return letGo.filter((node, index) => !absent.has(index) && isOpen(outcomes.get(node)));
}

/** How many from the front may go at once; those that nobody waits for take no place. */
function freeIn(
  nodes: readonly NodeName[],
  { outcomes, free }: { outcomes: Outcomes; free: number },
): number {
  let left = free;
  const blocked = nodes.findIndex((node) => {
    if (isOpen(outcomes.get(node))) left -= 1;
    return left < 0;
  });
  return blocked < 0 ? nodes.length : blocked;
}

/** One that gets ready only now was away before: it goes when it has all that it needs, and nobody waits for it. */
export function isOpen(outcome: Outcome | undefined): boolean {
  return outcome?.kind === "staged" || outcome?.kind === "under-way";
}

/** Neither on its way nor done: it takes no place now, and is to wait for one. */
function isStill(outcome: Outcome | undefined): boolean {
  return !isOpen(outcome) && outcome?.kind !== "committed";
}

function isOpenAt({ outcomes }: Scene, node: NodeName | undefined): boolean {
  return node !== undefined && isOpen(outcomes.get(node));
}
