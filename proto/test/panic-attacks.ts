/** Panics, and heads after a panic, that a node must refuse. */
import { FleetId } from "../src/names.ts";
import { seal, type Envelope } from "../src/signed/envelope.ts";
import type { Head } from "../src/signed/head.ts";
import type { Panic } from "../src/signed/panic.ts";
import { maxSerialJump } from "../src/signed/place.ts";
import { worldId } from "../src/signed/world.ts";
import type { Attack } from "./attacks.ts";
import {
  headOf,
  headOne,
  headTwo,
  idOf,
  leavesOf,
  offer,
  panicOf,
  publishers,
  signHead,
  signPanic,
  stateOne,
  stateTwo,
  taken,
} from "./test-fleet.ts";

const right = panicOf(headTwo, headOf(2, "b"));
const afterPanic = taken(stateTwo, { kind: "panic", envelope: signPanic(right), undone: null });
type Row = [name: string, panic: Panic, code: Attack["code"], more?: Partial<Attack>];
const row = (...[name, panic, code, more = {}]: Row): Attack => ({
  name: `panic ${name}`,
  state: stateTwo,
  document: { kind: "panic", envelope: signPanic(panic), undone: null },
  code,
  ...more,
});
const brings = (panic: Panic, undone: Envelope): Partial<Attack> => ({
  state: stateOne,
  document: { kind: "panic", envelope: signPanic(panic), undone },
});
type UnseenRow = [name: string, head: Head, code: Attack["code"], signers?: typeof publishers];
const unseen = (...[name, head, code, signers = publishers]: UnseenRow): Attack => {
  const envelope = signHead(head, signers);
  const panic = panicOf(envelope, head);
  return row(name, panic, code, brings(panic, envelope));
};
const other = signHead(headOf(2, "c"));

export const panicAttacks: readonly Attack[] = [
  row("signed by the publish keys", right, "signature-invalid", {
    document: { kind: "panic", envelope: seal("panic", right, publishers), undone: null },
  }),
  row("that is a head by its payload type", right, "signature-invalid", {
    document: { kind: "panic", envelope: headTwo, undone: null },
  }),
  row("of another fleet", { ...right, fleetId: FleetId.parse("f".repeat(64)) }, "fleet-mismatch"),
  row("of a head before the newest", panicOf(headOne, headOf(1, "a")), "panic-void"),
  row("of another head of the newest's place", { ...right, undoes: idOf(other) }, "panic-void"),
  row("that gives the newest head another place", { ...right, serial: 3 }, "panic-void"),
  row("after a newer head", right, "panic-void", {
    state: taken(stateTwo, offer(signHead(headOf(3, "c")), "c")),
  }),
  row(
    "that leads elsewhere than the first one",
    { ...right, world: worldId(leavesOf("c")) },
    "order-equivocation",
    {
      state: afterPanic,
    },
  ),
  row("of an unseen head with another head beside it", right, "panic-void", brings(right, other)),
  unseen(
    "of an unseen head that one publisher signed",
    headOf(2, "b"),
    "signature-invalid",
    publishers.slice(0, 1),
  ),
  unseen("of an unseen head too far above", headOf(maxSerialJump + 2, "b"), "order-jump"),
  unseen("of an unseen head of another epoch", headOf(2, "b", { epoch: 7 }), "order-jump"),
  {
    name: "head that does not follow the panic",
    state: afterPanic,
    document: offer(signHead(headOf(3, "c", { previous: idOf(headTwo) })), "c"),
    code: "panic-not-followed",
  },
  {
    name: "head of the undone place",
    state: afterPanic,
    document: offer(signHead(headOf(2, "c", { previous: idOf(signPanic(right)) })), "c"),
    code: "order-stale",
  },
];
