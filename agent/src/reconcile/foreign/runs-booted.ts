/** PURE. Whether what runs was booted in the place of the default, and how that is said. */
import { permanentSystem } from "../permanent-system.ts";
import type { Situation } from "../plan.ts";

/** It came with the boot: nobody is in the midst of activating it. */
export function runsBooted({ observed, journal }: Situation): boolean {
  const { booted } = journal.foreign;
  return booted !== null && observed.system.current === booted;
}

export function bootedText({ observed, journal }: Situation): string {
  const usual = permanentSystem(observed.system) ?? "the default";
  return `${journal.foreign.booted} was booted in the place of ${usual}: nothing is switched in this boot`;
}
