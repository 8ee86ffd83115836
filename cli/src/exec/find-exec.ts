/** SHELL. An order for a command that somebody gave before, by the first digits of its id: as the store still has it, and as it was signed. */
import { ChimeraError } from "@chimera/proto/errors";
import { openOrder } from "@chimera/proto/signed/order";
import type { Observer } from "../fleet/operator.ts";
import { namesOfOrder } from "../order/names-of-order.ts";
import type { Exec } from "./run-exec.ts";

/** Throws not-found; usage for digits that are no id, or that several have. */
export async function findExec(observer: Observer, digits: string): Promise<Exec> {
  if (!/^[0-9a-f]{4,64}$/u.test(digits))
    throw new ChimeraError("usage", "--resume: the first digits of an order's id, as exec printed it");
  const { orders } = await observer.api.pastDocuments();
  const role = observer.keys.newest.set.roles.order;
  const found = orders.flatMap(({ envelope }): Exec[] => {
    const opened = opening(() => openOrder(envelope, role));
    const action = opened?.order.action;
    if (opened === null || action?.kind !== "exec" || !opened.id.startsWith(digits)) return [];
    const { order, id } = opened;
    return [{ observer, order, action, id, envelope, nodes: namesOfOrder(order, observer) }];
  });
  const [first, ...others] = found;
  if (first === undefined)
    throw new ChimeraError(
      "not-found",
      `no order for a command begins with ${digits}: the store keeps the newest ones only, "chimera sessions --all" shows what ran`,
    );
  if (others.length === 0) return first;
  throw new ChimeraError("usage", `${found.length} orders begin with ${digits}: give more digits`);
}

/** Null for what nobody of the role signed. */
function opening<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}
