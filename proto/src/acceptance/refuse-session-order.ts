/** PURE. Orders that run or type something: only where the node's own system lets them, and as much as it has room for. */
import type { Order } from "../signed/order.ts";
import {
  maxKeyboardMs,
  type EndAction,
  type ExecAction,
  type KeyboardAction,
} from "../sessions/session-order.ts";
import { nowOf, refused, type Bench, type Verdict } from "./verdict.ts";

interface Named {
  order: Order;
  signedBy: string[];
}

const forbidden =
  "this node's system lets no order run or type anything (services.chimera.agent.settings.allowExec)";

export function refuseSessionOrder(
  bench: Bench,
  named: Named,
  action: EndAction | ExecAction | KeyboardAction,
): Verdict | null {
  const { execRoom } = bench.judge;
  if (execRoom === undefined) return refused("exec-forbidden", forbidden, named.signedBy);
  if (action.kind === "keyboard") return refuseKeyboard(bench, named, action);
  if (action.kind === "exec-end" || action.copies <= execRoom) return null;
  const wanted = `there is room for ${execRoom} more sessions, not for ${action.copies}`;
  return refused("overloaded", wanted, named.signedBy);
}

function refuseKeyboard(bench: Bench, { order, signedBy }: Named, { until }: KeyboardAction): Verdict | null {
  if (order.nodes === "all" || order.nodes.length !== 1)
    return refused("order-misaddressed", "a session is on one node: the order is to name that one", signedBy);
  if (Date.parse(until) < nowOf(bench))
    return refused("order-expired", `the keyboard was to be held until ${until}`, signedBy);
  if (Date.parse(until) - Date.parse(order.createdAt) <= maxKeyboardMs) return null;
  return refused("input-invalid", `a keyboard is given for at most ${maxKeyboardMs / 3_600_000} h`, signedBy);
}
