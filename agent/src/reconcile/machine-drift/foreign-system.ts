/** PURE. Whether somebody else's system runs or is to run: what the machine's pointers should name, and what they name. */
import type { DriftItem } from "@chimera/proto/drift";
import type { SystemPointers } from "../decision.ts";
import { isRepair, type Journal, type Step } from "../journal.ts";
import { settledToplevel } from "../settled-toplevel.ts";

/** Where the pointers lie, for whoever reads of them. */
export interface PointerPaths {
  current: string;
  profile: string;
  bootDefault: string;
}

export interface ForeignSight {
  /** What names another system than ours. */
  items: DriftItem[];
  /** Why it is not put back, where it was booted so. */
  why: string | null;
  /** Pointers that were judged: what is not among the items is as it should be. */
  judged: string[];
}

type Pointer = keyof PointerPaths;

/** Null while a change of ours is under way: then they may name either system. */
export function foreignSight(
  journal: Journal | null,
  system: SystemPointers,
  paths: PointerPaths,
): ForeignSight | null {
  if (journal === null) return null;
  const wanted = wantedPointers(journal);
  if (wanted === null) return null;
  const judged = wanted.pointers.filter((pointer) => system[pointer] !== null);
  const items = judged.flatMap((pointer) => itemOf(paths[pointer], wanted.toplevel, system[pointer]));
  const { booted } = journal.foreign;
  const isBooted = booted !== null && booted === system.current;
  return {
    items: isBooted ? items.map((item) => bootedItem(item, booted)) : items,
    why: isBooted ? "left in this boot: a newer order, chimera local release or a restart ends that" : null,
    judged: judged.map((pointer) => paths[pointer]),
  };
}

/** Whoever reads of it later has only this. */
function bootedItem(item: DriftItem, booted: string): DriftItem {
  if (item.found.target !== booted) return item;
  const detail =
    "it was booted so, in the place of the default: by somebody at the boot menu, or by the loader";
  return { ...item, found: { ...item.found, detail } };
}

/** Of a proven system all three are ours. Anything else is proven by nobody: then only what runs is judged. */
function wantedPointers(journal: Journal): { toplevel: string; pointers: readonly Pointer[] } | null {
  if (journal.step === "committed")
    return { toplevel: journal.toplevel, pointers: ["current", "profile", "bootDefault"] };
  const toplevel = runningOnly(journal);
  return toplevel === null ? null : { toplevel, pointers: ["current"] };
}

const quiet: ReadonlySet<Step> = new Set<Step>(["accepted", "staged", "staged-for-reboot", "refused"]);

function runningOnly(journal: Journal): string | null {
  if (journal.step === "reverted") return journal.before.current;
  return quiet.has(journal.step) && !isRepair(journal) ? settledToplevel(journal) : null;
}

function itemOf(path: string, expected: string, found: string | null): DriftItem[] {
  if (found === null || found === expected) return [];
  return [
    {
      path,
      kind: "foreign-system",
      expected: { type: "symlink", target: expected },
      found: { type: "symlink", target: found },
    },
  ];
}
