/** PURE. What still names a system without a proof: before commit that is nothing. */
import type { StorePath } from "@chimera/proto/names";
import { isRepair, type Journal } from "../journal.ts";
import type { Situation } from "../plan.ts";

interface Pointer {
  /** Profile or boot default, by the attempts that count its setting. */
  counter: "commit" | "boot";
  /** What it is to name. */
  toplevel: StorePath;
}

/** The profile first: the loader's installer reads it. Null when all is as it should be. */
export function wrongPointer({ observed, journal }: Situation, previous: StorePath): Pointer | null {
  const { before, toplevel, bootTouched } = journal;
  // A system that somebody else activated over this one: what names this one is as it should be.
  if (previous === toplevel || isRepair(journal)) return null;
  const { profile, bootDefault } = observed.system;
  const home = (named: StorePath | null) => (named === null || isUnproven(journal, named) ? previous : named);
  // One that cannot be read may name it.
  if (profile === null || isUnproven(journal, profile)) {
    return { counter: "commit", toplevel: home(before.profile) };
  }
  // Where no reader knows the loader, the journal is the only witness.
  const isWrong = bootDefault === null ? bootTouched : isUnproven(journal, bootDefault);
  return isWrong ? { counter: "boot", toplevel: home(before.bootDefault) } : null;
}

function isUnproven({ toplevel, unproven }: Journal, path: StorePath): boolean {
  return path === toplevel || path === unproven;
}
