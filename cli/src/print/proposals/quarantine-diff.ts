/** PURE. What a quarantine list changes: the whole of it is signed, a few lines of it are new. */
import type { StorePath } from "@chimera/proto/names";
import type { Paint } from "../paint.ts";

interface Lists {
  serial: number;
  toplevels: readonly StorePath[];
  pardoned: readonly StorePath[];
}

export function quarantineDiff(before: Lists | null, after: Lists, paint: Paint): string {
  const lines = [
    ...listDiff("", before?.toplevels ?? [], after.toplevels),
    ...listDiff("pardon ", before?.pardoned ?? [], after.pardoned),
  ].map((line) => `${paint(line.startsWith("+") ? "green" : "red", line)}\n`);
  return `quarantine list ${before?.serial ?? 0} -> ${after.serial}\n${lines.join("")}`;
}

function listDiff(what: string, before: readonly StorePath[], after: readonly StorePath[]): string[] {
  return [
    ...before.filter((path) => !after.includes(path)).map((path) => `- ${what}${path}`),
    ...after.filter((path) => !before.includes(path)).map((path) => `+ ${what}${path}`),
  ];
}
