/** One fleet's signed documents from its first key set on, the state that a node has after them, and what it refuses. */
import { z } from "zod";
import { AcceptedHead, markCommitted, TrustState } from "../src/acceptance/trust-state.ts";
import { Proposal, StandingOrders } from "../src/api.ts";
import { RolloutRecord } from "../src/rollout/rollout-record.ts";
import { DriftShown } from "../src/drift-shown.ts";
import { Envelope, seal } from "../src/signed/envelope.ts";
import { Fresh } from "../src/signed/fresh.ts";
import { KeySet } from "../src/signed/key-set.ts";
import { Order } from "../src/signed/order.ts";
import { Panic } from "../src/signed/panic.ts";
import { Receipt } from "../src/signed/receipt.ts";
import { firstAttacks } from "./attacks.ts";
import { MerkleVector, merkleVector } from "./golden-merkle.ts";
import * as fleet from "./test-fleet.ts";

const { hold, minutes, orderOf, signOrder, taken, toplevel } = fleet;
const panic = fleet.panicOf(fleet.headTwo, fleet.headOf(2, "b"));
const panicEnvelope = fleet.signPanic(panic);
const holdOrder = orderOf(hold, "1", { reason: "migration" });
const release = orderOf({ kind: "release" }, "2", { nodes: "all", createdAt: minutes(1) });
const quarantine = orderOf(
  { kind: "quarantine", serial: 1, toplevels: [toplevel("9")], pardoned: [toplevel("8")] },
  "3",
  {
    nodes: "all",
    notAfter: "2027-11-23T12:00:00.000Z",
  },
);
const ignored = orderOf({ kind: "drift-ignore", glob: "/etc/sysctl.d/*.conf", until: minutes(50) }, "4", {
  reason: "measuring",
});
const unignored = orderOf({ kind: "drift-unignore", glob: "/etc/sysctl.d/*.conf" }, "5", {
  createdAt: minutes(1),
});
const resumed = orderOf({ kind: "drift-resume", path: "/etc/hosts" }, "6");
const asked = orderOf({ kind: "drift-show", path: "/etc/hosts", evidence: null, maxBytes: 4096 }, "7");
const shown: DriftShown = {
  v: 1,
  kind: "shown",
  fleetId: fleet.fleetId,
  node: fleet.node,
  order: fleet.idOf(signOrder(asked)),
  path: "/etc/hosts",
  at: minutes(2),
  explanation: {
    kind: "managed",
    toplevel: toplevel("a"),
    entry: `${toplevel("a")}/etc/hosts`,
    expected: { type: "symlink", target: "/etc/static/hosts" },
  },
  stance: { mode: "revert", why: "" },
  open: null,
  evidence: [
    {
      id: "2026-11-23T12-01-00-000Z-0001-hosts",
      path: "/etc/hosts",
      at: minutes(1),
      facts: { type: "file", size: 5, mode: "0644", uid: 0, gid: 0 },
      modifiedAt: minutes(1),
      keptBytes: 5,
      worldReadable: true,
      links: 1,
      culprit: { by: { kind: "unknown" }, loggedIn: ["anna on pts/0"] },
    },
  ],
  of: "2026-11-23T12-01-00-000Z-0001-hosts",
  content: {
    kind: "shown",
    expected: { base64: "bmV3Cg==", size: 4 },
    found: { base64: "ZXZpbAo=", size: 5 },
  },
};
const receipt: Receipt = {
  v: 1,
  kind: "receipt",
  fleetId: fleet.fleetId,
  node: fleet.node,
  document: { kind: "panic", id: fleet.idOf(panicEnvelope), epoch: 0, serial: 2 },
  state: "committed",
  target: toplevel("a"),
  current: toplevel("a"),
  times: { ack: minutes(10), active: minutes(11), pointer: minutes(11), boot: minutes(12) },
  at: minutes(12),
};
/** One of the two signatures that it needs. */
const half = fleet.signHead(fleet.headOf(3, "c"), fleet.publishers.slice(0, 1));
const rollout: RolloutRecord = {
  v: 1,
  head: fleet.idOf(fleet.headTwo),
  lease: 1,
  phase: "paused",
  reason: "n3 is unhealthy",
  at: minutes(5),
};

/** Of a node that took, in this order: fresh, head 1 (committed), head 2, hold, quarantine, key set 2, panic, a second panic. */
const committed = markCommitted(fleet.stateTwo, fleet.idOf(fleet.headTwo), minutes(2));
const state = [
  { kind: "order", envelope: signOrder(holdOrder) } as const,
  { kind: "order", envelope: signOrder(quarantine) } as const,
  { kind: "keys", envelope: fleet.keysTwo } as const,
  { kind: "panic", envelope: panicEnvelope, undone: null } as const,
  { kind: "panic", envelope: fleet.signPanic({ ...panic, reason: "again" }), undone: null } as const,
].reduce((now, document) => taken(now, document), committed);

/** States by their number, so that each is written once. What is refused for its size is left to the unit tests. */
const Refused = z.object({
  v: z.literal(1),
  judge: z.object({ node: z.string(), nodeKey: z.string(), freshSeconds: z.number() }),
  states: z.array(TrustState),
  cases: z.array(
    z.object({
      name: z.string(),
      state: z.int().nonnegative(),
      document: z.looseObject({ kind: z.enum(["keys", "head", "panic", "order", "fresh"]) }),
      /** The machine's clock, in Unix milliseconds. */
      nowMs: z.number(),
      code: z.string(),
    }),
  ),
});
const told = firstAttacks.filter(({ code }) => code !== "overloaded" && code !== "body-too-large");
const states = [...new Set(told.map((attack) => attack.state))];
const { nowMs: _, ...judge } = fleet.judge;
const refused = {
  v: 1,
  judge,
  states,
  cases: told.map(({ name, document, judge: its, code, ...attack }) => ({
    name,
    state: states.indexOf(attack.state),
    document,
    nowMs: its?.nowMs ?? fleet.judge.nowMs,
    code,
  })),
};

export const goldenDocuments: Record<string, { schema: z.ZodType; message: unknown }> = {
  "fleet-keys-1": { schema: KeySet, message: fleet.keySetOne },
  "fleet-keys-1-envelope": { schema: Envelope, message: fleet.keysOne },
  "fleet-keys-2": { schema: KeySet, message: fleet.keySetTwo },
  "fleet-keys-2-envelope": { schema: Envelope, message: fleet.keysTwo },
  "fleet-head-1-envelope": { schema: Envelope, message: fleet.headOne },
  "fleet-head-2-envelope": { schema: Envelope, message: fleet.headTwo },
  panic: { schema: Panic, message: panic },
  "panic-envelope": { schema: Envelope, message: panicEnvelope },
  "order-hold": { schema: Order, message: holdOrder },
  "order-hold-envelope": { schema: Envelope, message: signOrder(holdOrder) },
  "order-release": { schema: Order, message: release },
  "order-release-envelope": { schema: Envelope, message: signOrder(release) },
  "order-quarantine": { schema: Order, message: quarantine },
  "order-quarantine-envelope": { schema: Envelope, message: signOrder(quarantine) },
  "order-drift-ignore": { schema: Order, message: ignored },
  "order-drift-unignore": { schema: Order, message: unignored },
  "order-drift-resume": { schema: Order, message: resumed },
  "order-drift-show": { schema: Order, message: asked },
  "drift-shown": { schema: DriftShown, message: shown },
  "drift-shown-envelope": { schema: Envelope, message: seal("shown", shown, [fleet.nodeSigner]) },
  fresh: { schema: Fresh, message: fleet.stateTwo.fresh },
  "fresh-envelope": { schema: Envelope, message: fleet.signFresh() },
  receipt: { schema: Receipt, message: receipt },
  "receipt-envelope": { schema: Envelope, message: seal("receipt", receipt, [fleet.nodeSigner]) },
  "rollout-record": { schema: RolloutRecord, message: rollout },
  "standing-orders": {
    schema: StandingOrders,
    message: { v: 1, orders: [signOrder(holdOrder), signOrder(release)] },
  },
  proposal: {
    schema: Proposal,
    message: {
      id: fleet.idOf(half),
      kind: "head",
      envelope: half,
      createdAt: fleet.at,
    },
  },
  "accepted-head": { schema: AcceptedHead, message: state.head },
  "trust-state": { schema: TrustState, message: state },
  refused: { schema: Refused, message: refused },
  ...Object.fromEntries(
    [1, 2, 3, 7, 8, 1000].map((size) => [
      `merkle-${size}`,
      { schema: MerkleVector, message: merkleVector(size) },
    ]),
  ),
};
