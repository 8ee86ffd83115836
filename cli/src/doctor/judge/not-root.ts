/** PURE. Who is not root sees little of a node or a controller, and what he does not see he would take for wrong. */
import { warn, type Found } from "./found.ts";

export function notRoot({ isRoot }: { isRoot: boolean }): Found[] {
  if (isRoot) return [];
  const what = "this is not root";
  const why = "what only root may look at shows as if it were missing";
  return [warn({ check: "root", where: "this process" }, { what, why, mend: "sudo chimera doctor" })];
}
