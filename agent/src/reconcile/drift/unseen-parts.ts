/** PURE. Which parts of a machine nobody looks at now, and why: who reads that nothing differs has to read this beside it. */
import type { NamedClass } from "../machine-drift/drift-class.ts";
import { modeOfPart, type PartSettings } from "./explain/drift-part.ts";

export interface ComparedSystem {
  /** With which closure the machine is compared; null where none was signed for it. */
  compared: string | null;
  /** What the running system's link names. */
  running: string | null;
}

const parts: readonly (readonly [part: NamedClass | "etc", name: string])[] = [
  ["etc", "/etc"],
  ["mounts", "what is mounted over /etc"],
  ["pointers", "links to systems, and what keeps them"],
  ["units", "overrides of units"],
  ["wrappers", "/run/wrappers"],
  ["kernel", "the kernel and its modules"],
  ["accounts", "users and groups"],
];

/** The store says itself why it is not compared. */
export function unseenParts(settings: PartSettings, { compared, running }: ComparedSystem): string[] {
  if (compared === null) return ["anything: no system that was signed for this node is active"];
  if (running !== null && running !== compared)
    return [`anything but the store: ${running} runs, and nothing that was signed for this node names it`];
  return parts.flatMap(([part, name]) => {
    const { mode, setting } = modeOfPart(settings, part);
    return mode === "ignore" ? [`${name}: ${setting} is ignore`] : [];
  });
}
