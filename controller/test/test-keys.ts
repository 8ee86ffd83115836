/** PURE but for randomness. The keys of a test's fleet, made anew for each test file, and its key sets. */
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { KeySet, openFirstKeySet } from "@chimera/proto/signed/key-set";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";

export function makeSigner(name: string): Signer {
  return parseSecretKey(generateKey(name).secret);
}

export const fleetKeys = {
  root: makeSigner("ops-root"),
  publish: makeSigner("ops-publish"),
  panic: makeSigner("ops-panic"),
  order: makeSigner("ops-order"),
  fresh: makeSigner("hub-fresh"),
};

/** A role that any one of these may play. */
export function roleOf(...signers: Signer[]) {
  return { keys: signers.map(({ publicKey }) => publicKey), threshold: 1 };
}

const expires = new Date(Date.now() + 86_400_000).toISOString();

/** Of the fleet's keys unless told otherwise; not signed yet. */
export function makeKeySet(change: Omit<Partial<KeySet>, "roles"> & { roles?: object } = {}): KeySet {
  const { root, publish, panic, order } = fleetKeys;
  const roles = { root: roleOf(root), publish: roleOf(publish), panic: roleOf(panic), order: roleOf(order) };
  return KeySet.parse({
    v: 1,
    kind: "keys",
    epoch: 0,
    version: 1,
    expires,
    ...change,
    roles: { ...roles, ...change.roles },
  });
}

export const keySet1: Envelope = seal("keys", makeKeySet(), [fleetKeys.root]);
export const fleetId = openFirstKeySet(keySet1).fleetId;
