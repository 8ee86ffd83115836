/** PURE. Which nodes of an order for a command may begin, where only so many run it at the same time. */
import type { NodeName } from "@chimera/proto/names";

/**
 * A node begins when fewer than so many of those before it are not over. Whoever knows less of what is over lets fewer begin, so several may
 * decide it beside each other, and late news lets never too many run.
 */
export function whoseTurn(
  nodes: readonly NodeName[],
  atOnce: number,
  isOver: (node: NodeName) => boolean,
): NodeName[] {
  let open = 0;
  return nodes.filter((node) => {
    if (open >= atOnce) return false;
    if (isOver(node)) return false;
    open += 1;
    return true;
  });
}
