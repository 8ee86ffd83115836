// SHELL. Waits for the wanted moment of an order and kills there. What the journal held at death is read afterwards: the
// aim may be missed by a write, and what counts is what was hit.
import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../../lab/host/host.ts";
import type { JournalStep } from "./journal-steps.ts";
import { executioner } from "./kill-scope.ts";
import type { Moment, Scope } from "./trial-plan.ts";
import { stateFolder, watchJournal, type JournalWrite } from "./watch-journal.ts";

export interface Aim {
  scope: Scope;
  moment: Moment;
  /** A moment that has not come by then is given up. */
  timeoutMs: number;
}

export interface Shot {
  /** Whether anybody was killed. */
  hit: boolean;
  /** The journal's newest write of this order at death, and which of its step's own it was, if that is known; null when it had none. */
  died: { step: JournalStep; write: number | null } | null;
}

/** `order` is begun once everything watches; resolves when the killed ones are gone, or the moment did not come. */
export async function killAtWrite(host: Host, aim: Aim, order: () => void): Promise<Shot> {
  const { kill, gone } = await executioner(host, aim.scope);
  const reached = Promise.withResolvers<boolean>();
  let isOver = false;
  const fire = () => {
    if (!isOver) reached.resolve(kill());
  };
  const watch = watchJournal(stateFolder(host.name), (write) => {
    if (!isWanted(write, aim.moment)) return;
    if (aim.moment.delayMs === 0) fire();
    else setTimeout(fire, aim.moment.delayMs);
  });
  try {
    order();
    if (aim.moment.kind === "after") setTimeout(fire, aim.moment.ms);
    const hit = await Promise.race([reached.promise, late(aim.timeoutMs)]);
    isOver = true;
    if (hit) await gone();
    return { hit, died: watch.last() ?? null };
  } finally {
    watch.close();
  }
}

function isWanted(
  { step, write }: JournalWrite,
  moment: Moment,
): moment is Extract<Moment, { kind: "write" }> {
  return moment.kind === "write" && moment.step === step && moment.write === write;
}

async function late(ms: number): Promise<false> {
  await sleep(ms, undefined, { ref: false });
  return false;
}
