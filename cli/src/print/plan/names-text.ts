/** PURE. Names of nodes, and how many there are where they are too many. */
import { printableLine } from "../printable.ts";

const shownNames = 8;

export function namesText(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(", ");
  const more = names.length > shownNames ? `, … (${names.length} nodes)` : "";
  return printableLine(`${shown}${more}`);
}
