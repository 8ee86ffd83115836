/** SHELL. What the looks beyond /etc go by: the system that runs, and a fresh comparison of one part. */
import type { DriftItem } from "@chimera/proto/drift";
import type { DriftClass } from "../../../reconcile/machine-drift/drift-class.ts";
import { isSwitchLocked } from "../../activation/switch-lock.ts";
import type { MachinePlaces } from "../../machine-drift/machine-places.ts";
import type { Finding, MachineSource } from "../../machine-drift/machine-source.ts";
import { namedSystem } from "../../system-pointers.ts";
import { notManaged, type Sighted } from "./view.ts";

type Running = { kind: "ours"; toplevel: string } | { kind: "unknown"; reason: string };

export interface MachineSight {
  places: MachinePlaces;
  /** The accepted system, if that is what runs and nobody changes it now. */
  running(): Running;
  /** What differs at a path, by a look of now; of any part where none is named. Nothing is put back by it. */
  find(path: string, of?: DriftClass): Promise<Found | null>;
}

interface Found extends Finding {
  of: DriftClass;
}

export interface MachineSightOptions {
  places: MachinePlaces;
  sources: readonly MachineSource[];
  toplevel: () => string | null;
  isSwitching: () => boolean;
  switchLock: string;
}

export function createMachineSight(options: MachineSightOptions): MachineSight {
  const { places, sources } = options;
  const running = (): Running => runningOf(options);
  return {
    places,
    running,
    async find(path, of) {
      const system = running();
      if (system.kind === "unknown") return null;
      const context = { toplevel: system.toplevel, isCurrent: () => false };
      for (const source of sources.filter((one) => of === undefined || one.of === of)) {
        const { findings } = await source.look(context);
        const found = findings.find(({ item }) => item.path === path);
        if (found !== undefined) return { ...found, of: source.of };
      }
      return null;
    },
  };
}

/** What is said of a path while another system runs, or one is being changed, is that. */
export async function whileOurs(
  sight: MachineSight,
  part: DriftClass,
  view: (toplevel: string) => Promise<Sighted>,
): Promise<Sighted> {
  const system = sight.running();
  return system.kind === "ours"
    ? view(system.toplevel)
    : notManaged(part, { kind: "unknown", reason: system.reason });
}

export interface OpenNow {
  open: DriftItem | null;
  /** Why it is only told, of what is. */
  told: string | null;
}

export async function openNow(sight: MachineSight, path: string, of: DriftClass): Promise<OpenNow> {
  const found = await sight.find(path, of);
  return found === null ? { open: null, told: null } : { open: found.item, told: toldOf(found) };
}

export function toldOf({ revert, why = "it is only told" }: Finding): string | null {
  return revert === null ? why : null;
}

function runningOf({ places, toplevel, isSwitching, switchLock }: MachineSightOptions): Running {
  const ours = toplevel();
  if (ours === null) return unknown("no system that was signed for this node is active");
  if (isSwitching() || isSwitchLocked(switchLock)) return unknown("a switch runs");
  const named = namedSystem(`${places.run}/current-system`);
  return named !== null && named !== ours
    ? unknown("another system runs than the one that was accepted: nothing of that is compared")
    : { kind: "ours", toplevel: ours };
}

function unknown(reason: string): Running {
  return { kind: "unknown", reason };
}
