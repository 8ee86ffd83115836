/** Orders about drift that a node must refuse. */
import type { TrustState } from "../src/acceptance/trust-state.ts";
import { maxDriftExceptions } from "../src/drift-policy.ts";
import { NodeName } from "../src/names.ts";
import { seal } from "../src/signed/envelope.ts";
import { maxShownBytes, type Order, type OrderAction } from "../src/signed/order.ts";
import type { Attack } from "./attacks.ts";
import { minutes, orderOf, orderSigner, publishers, signOrder, stateTwo, taken } from "./test-fleet.ts";

const order = (message: Order) => ({ kind: "order", envelope: signOrder(message) }) as const;
const ignore = (glob: string): OrderAction => ({ kind: "drift-ignore", glob, until: minutes(90) });
const show = (path: string, maxBytes = 1): OrderAction => ({
  kind: "drift-show",
  path,
  evidence: null,
  maxBytes,
});
const ignoring = taken(stateTwo, order(orderOf(ignore("/etc/a"), "b", { createdAt: minutes(1) })));
const ended = orderOf({ kind: "drift-unignore", glob: "/etc/a" }, "c", { createdAt: minutes(2) });
const shown = orderOf(show("/etc/a"), "d");
const crowded = {
  ...stateTwo,
  driftExceptions: Array.from({ length: maxDriftExceptions }, (_, i) => ({
    glob: `/etc/${i}`,
    until: minutes(90),
    createdAt: minutes(0),
    author: "ops@example",
    reason: "",
    ended: false,
  })),
};
const newer = { ...shown, action: { kind: "drift-dance", path: "/etc/a" } };

type Row = [name: string, tried: Order, code: Attack["code"], state?: TrustState];
const row = (...[name, tried, code, state = stateTwo]: Row): Attack => ({
  name: `order ${name}`,
  state,
  document: order(tried),
  code,
});
const printed = (path: string) => `${JSON.stringify(path).slice(0, 24)} (${path.length} characters)`;
const strange = ["/etc/../root/a", "/etc/./a", "/etc//a", "/etc/a/", "etc/a", "/etc/a\nb", "/etc/\u0000", ""];

export const driftAttacks: readonly Attack[] = [
  row("to ignore drift, older than the newest for that path", orderOf(ignore("/etc/a"), "1"), "order-stale", {
    ...ignoring,
  }),
  row(
    "to ignore drift, older than the one that ended it",
    orderOf(ignore("/etc/a"), "2", { createdAt: minutes(1) }),
    "order-stale",
    taken(ignoring, order(ended)),
  ),
  row("to ignore drift beside too many others", orderOf(ignore("/etc/a"), "3"), "overloaded", crowded),
  row("to show a path a second time", shown, "order-used", taken(stateTwo, order(shown))),
  row("to show a path, too late", { ...shown, notAfter: minutes(9) }, "order-expired"),
  row("to show a path of another node", { ...shown, nodes: [NodeName.parse("n2")] }, "order-misaddressed"),
  row("to show more than a node sends", orderOf(show("/etc/a", maxShownBytes + 1), "4"), "input-invalid"),
  {
    ...row("to show a path, signed by the publish keys", shown, "signature-invalid"),
    document: { kind: "order", envelope: seal("order", shown, publishers) },
  },
  {
    ...row("of a kind that is not known", shown, "input-invalid"),
    document: { kind: "order", envelope: seal("order", newer, [orderSigner]) },
  },
  ...[...strange, "/etc/+(a|aa)b", "/etc/*a*b*c*d*e", `/etc/${"a".repeat(1024)}`].map((glob) =>
    row(`to ignore drift of ${printed(glob)}`, orderOf(ignore(glob), "5"), "input-invalid"),
  ),
  ...[...strange, `/etc/${"a/".repeat(2046)}a`, `/etc/${"\u20ac".repeat(1400)}`].map((path) =>
    row(`to show ${printed(path)}`, orderOf(show(path), "6"), "input-invalid"),
  ),
];
