/** Key sets that a node must refuse. */
import type { TrustState } from "../src/acceptance/trust-state.ts";
import { FleetId } from "../src/names.ts";
import { seal } from "../src/signed/envelope.ts";
import type { KeySet } from "../src/signed/key-set.ts";
import type { Attack } from "./attacks.ts";
import {
  handOver,
  keySetOne,
  keySetTwo,
  keysOne,
  keysTwo,
  publishers,
  rootsNew,
  rootsOld,
  stateTwo,
  taken,
} from "./test-fleet.ts";

const stateRotated = taken(stateTwo, { kind: "keys", envelope: keysTwo });
type Row = [name: string, set: KeySet, signers: typeof rootsOld, code: Attack["code"], state?: TrustState];
const row = (...[name, set, signers, code, state = stateTwo]: Row): Attack => ({
  name: `key set ${name}`,
  state,
  document: { kind: "keys", envelope: seal("keys", set, signers) },
  code,
});
const foreign = FleetId.parse("f".repeat(64));
const [oldRoot] = rootsOld;
if (oldRoot === undefined) throw new Error("no root");

export const keyAttacks: readonly Attack[] = [
  row("without the new root's proof", keySetTwo, rootsOld, "signature-invalid"),
  row(
    "one signature of the new root short",
    keySetTwo,
    [...rootsOld, ...rootsNew.slice(0, 1)],
    "signature-invalid",
  ),
  row("without the old root's proof", keySetTwo, rootsNew, "signature-invalid"),
  row("one signature of the old root short", keySetTwo, [oldRoot, ...rootsNew], "signature-invalid"),
  row("signed twice by one root key", keySetTwo, [oldRoot, oldRoot, ...rootsNew], "signature-invalid"),
  row("signed by the publish keys", keySetTwo, publishers, "signature-invalid"),
  row("that skips a version", { ...keySetTwo, version: 3 }, handOver, "keys-skipped"),
  row(
    "of the version in force with other bytes",
    {
      ...keySetTwo,
      roles: { ...keySetTwo.roles, root: keySetTwo.roles.root },
      expires: "2030-01-01T00:00:00Z",
    },
    rootsNew,
    "keys-stale",
    stateRotated,
  ),
  {
    name: "key set before the one in force, whose root is another",
    state: stateRotated,
    document: { kind: "keys", envelope: keysOne },
    code: "signature-invalid",
  },
  row(
    "of version 1 with other bytes",
    { ...keySetOne, expires: "2030-01-01T00:00:00Z" },
    rootsOld,
    "fleet-mismatch",
  ),
  row("two epochs ahead", { ...keySetTwo, epoch: 2 }, handOver, "order-jump"),
  row("of another fleet", { ...keySetTwo, fleetId: foreign }, handOver, "fleet-mismatch"),
  row(
    "whose threshold nobody can reach",
    { ...keySetTwo, roles: { ...keySetTwo.roles, publish: { ...keySetTwo.roles.publish, threshold: 4 } } },
    handOver,
    "input-invalid",
  ),
];
