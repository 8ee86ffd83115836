/** Orders and words of freshness that a node must refuse. */
import { maxNonces, type TrustState } from "../src/acceptance/trust-state.ts";
import { FleetId, NodeName } from "../src/names.ts";
import { seal } from "../src/signed/envelope.ts";
import { Nonce, type Order, type OrderAction } from "../src/signed/order.ts";
import { maxSerialJump } from "../src/signed/place.ts";
import type { Attack } from "./attacks.ts";
import {
  at,
  hold,
  minutes,
  orderOf,
  panicSigner,
  publishers,
  signFresh,
  signOrder,
  stateTwo,
  taken,
  toplevel,
} from "./test-fleet.ts";

const foreign = FleetId.parse("f".repeat(64));
const order = (envelope: Order) => ({ kind: "order", envelope: signOrder(envelope) }) as const;
const list = (serial: number): OrderAction => ({
  kind: "quarantine",
  serial,
  toplevels: [toplevel("9")],
  pardoned: [],
});
const right = orderOf(hold, "1");
const held = taken(stateTwo, order(right));
const listed = taken(stateTwo, order(orderOf(list(7), "2")));
const full = {
  ...stateTwo,
  nonces: Array.from({ length: maxNonces }, (_, i) => ({
    nonce: Nonce.parse(i.toString(16).padStart(32, "0")),
    notAfter: minutes(60),
  })),
};
// Its nonce was forgotten while the clock showed tomorrow.
const brief = orderOf({ kind: "release" }, "3", { createdAt: minutes(1), notAfter: minutes(20) });
const tomorrow = orderOf(hold, "4", { createdAt: minutes(2), notAfter: minutes(5000) });
const forgetful = {
  ...taken(taken(stateTwo, order(brief)), order(tomorrow), { nowMs: Date.parse(minutes(1440)) }),
  holdChangedAt: null,
};

type Row = [name: string, tried: Order, code: Attack["code"], state?: TrustState];
const row = (...[name, tried, code, state = stateTwo]: Row): Attack => ({
  name: `order ${name}`,
  state,
  document: order(tried),
  code,
});
const fresh = (name: string, over: Parameters<typeof signFresh>[0], code: Attack["code"]): Attack => ({
  name: `fresh ${name}`,
  state: stateTwo,
  document: { kind: "fresh", envelope: signFresh(over) },
  code,
});

export const orderAttacks: readonly Attack[] = [
  {
    ...row("signed by the publish keys", right, "signature-invalid"),
    document: { kind: "order", envelope: seal("order", right, publishers) },
  },
  row("of another fleet", { ...right, fleetId: foreign }, "fleet-mismatch"),
  row("for another node", { ...right, nodes: [NodeName.parse("n2")] }, "order-misaddressed"),
  row("that comes late", { ...right, notAfter: minutes(9) }, "order-expired"),
  {
    ...row(
      "that comes late, where the clock says 1970",
      { ...right, notAfter: "2026-11-23T11:59:00Z" },
      "order-expired",
    ),
    judge: { nowMs: 0 },
  },
  row("used twice", right, "order-used", held),
  row("used twice, its clock set back in between", brief, "order-expired", forgetful),
  row(
    "of a nonce that another order used",
    { ...right, action: { kind: "release" }, createdAt: minutes(1) },
    "order-used",
    held,
  ),
  row(
    "given before the one that was carried out",
    orderOf({ kind: "release" }, "6", { createdAt: "2026-11-23T11:00:00Z" }),
    "order-stale",
    held,
  ),
  row("beside too many others", right, "overloaded", full),
  row("with a quarantine list of a lower serial", orderOf(list(6), "7"), "order-stale", listed),
  row("with a quarantine list of the same serial", orderOf(list(7), "8"), "order-stale", listed),
  row("with a quarantine list far above", orderOf(list(7 + maxSerialJump + 1), "9"), "order-jump", listed),
  row("with a first quarantine list far above", orderOf(list(maxSerialJump + 1), "a"), "order-jump"),
  fresh("that is older", { at: "2026-11-23T11:59:59.999Z" }, "order-stale"),
  fresh("of another fleet", { fleetId: foreign, at: minutes(1) }, "fleet-mismatch"),
  {
    ...fresh("signed by the panic key", {}, "signature-invalid"),
    document: {
      kind: "fresh",
      envelope: seal("fresh", { v: 1, kind: "fresh", head: null, revision: 0, at }, [panicSigner]),
    },
  },
];
