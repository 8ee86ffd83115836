import { initialTrust, quarantineHere, type TrustState } from "@chimera/proto/acceptance/trust-state";
import { FleetId } from "@chimera/proto/names";
import { seal } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { proveLeaf } from "@chimera/proto/signed/world";
import { expect, test } from "vitest";
import {
  createHead,
  createKeySet,
  createLeaf,
  createSigner,
  firstKeySet,
  fleetId,
  idOf,
  node,
  sealHead,
  signers,
} from "../fleet-fixture.ts";
import { openTrust, type EarlierAccepted, type TrustSources } from "./open-trust.ts";
import { refuseBelow } from "./refuse-below.ts";

const nodeKey = createSigner("n1");
const leaf = createLeaf(nodeKey, "a");
const sources: TrustSources = {
  stored: null,
  earlier: null,
  trustedKeys: firstKeySet,
  fleetId,
  identity: { node, nodeKey: nodeKey.publicKey },
  floor: null,
};

function earlierAccepted(signer = signers.publish): EarlierAccepted {
  const envelope = sealHead(createHead(7, [leaf]), signer);
  const head = Head.parse(JSON.parse(Buffer.from(envelope.payload, "base64").toString()));
  const proof = proveLeaf([leaf], node);
  if (proof === undefined) throw new Error("no proof");
  return { v: 1, id: idOf(envelope), acceptedAt: "2026-11-23T00:00:00.000Z", head, envelope, leaf: proof };
}

function ready(over: Partial<TrustSources>): TrustState {
  const start = openTrust({ ...sources, ...over });
  if (start.kind === "blocked") throw new Error(start.message);
  return start.state;
}

test("a node without a state goes by the keys that it was installed with", () => {
  expect(ready({})).toMatchObject({ fleetId, head: null, keys: firstKeySet });
});

test("what an older agent accepted counts on, and its leaf is known", () => {
  const earlier = earlierAccepted();
  const state = ready({ earlier });
  expect(state.head).toMatchObject({ id: earlier.id, acceptedAt: earlier.acceptedAt });
  expect(state.leaves).toEqual([expect.objectContaining({ toplevel: leaf.toplevel, committedAt: null })]);
});

test("what an older agent accepted under a key that counts no more is left alone", () => {
  expect(ready({ earlier: earlierAccepted(createSigner("ops-publish")) }).head).toBeNull();
  const other = { node, nodeKey: createSigner("n1").publicKey };
  expect(ready({ earlier: earlierAccepted(), identity: other }).head).toBeNull();
});

test("what an older agent accepted is not gone back to where a newer state was lost", () => {
  const earlier = earlierAccepted();
  const begun = (serial: number, rank: number) => ({ epoch: 0, serial, rank, id: earlier.id });
  expect(ready({ earlier, floor: begun(7, 0) }).head?.id).toBe(earlier.id);
  expect(ready({ earlier, floor: begun(7, 1) })).toMatchObject({ head: null, leaves: [] });
  expect(ready({ earlier, floor: begun(40, 0) })).toMatchObject({ head: null, leaves: [] });
});

test("with a state the configured keys are not even looked at", () => {
  const stored = ready({ earlier: earlierAccepted() });
  const foreign = seal("keys", createKeySet(1, { epoch: 9 }), [signers.root]);
  expect(ready({ stored, trustedKeys: foreign })).toEqual(stored);
});

test("what an older agent left out of the accepted head counts again: the signed bytes still say it", () => {
  const rules = [{ glob: "/etc/motd", mode: "ignore" as const, reason: "whoever is on call writes it" }];
  const envelope = sealHead(createHead(7, [leaf], { policy: { drift: { rules } } }));
  const stored = ready({ earlier: { ...earlierAccepted(), envelope, id: idOf(envelope) } });
  if (stored.head === null) throw new Error("no head");
  const { head } = stored;
  const cut = { ...head, head: { ...head.head, policy: {} } };
  expect(ready({ stored: { ...stored, head: cut } })).toEqual(stored);
  // Bytes that are not the accepted document's say nothing, nor do those that this agent cannot read.
  const other = { ...cut, envelope: sealHead(createHead(7, [leaf], { policy: { probationSeconds: 1 } })) };
  expect(ready({ stored: { ...stored, head: other } }).head).toEqual(other);
  const unknown = seal("head", { form: "new" }, [signers.publish]);
  const newer = { ...cut, envelope: unknown, id: idOf(unknown) };
  expect(ready({ stored: { ...stored, head: newer } }).head).toEqual(newer);
});

test("a state of another fleet is not touched: the node takes nothing and says what to do", () => {
  const stored = initialTrust(firstKeySet, fleetId);
  const start = openTrust({ ...sources, stored, fleetId: FleetId.parse("e".repeat(64)) });
  expect(start).toMatchObject({ kind: "blocked", code: "fleet-mismatch" });
  expect(start).toMatchObject({ message: expect.stringContaining("move trust.json") });
});

for (const [name, trustedKeys, code] of [
  ["of another fleet", seal("keys", createKeySet(1, { epoch: 9 }), [signers.root]), "fleet-mismatch"],
  ["that nobody signed", seal("keys", createKeySet(1), [signers.publish]), "signature-invalid"],
  ["that are a head", sealHead(createHead(1, [leaf])), "signature-invalid"],
] as const) {
  test(`configured keys ${name} leave a new node without anything to go by`, () => {
    expect(openTrust({ ...sources, trustedKeys })).toMatchObject({ kind: "blocked", code });
  });
}

test("a lost state does not let the node below what its journal has begun", () => {
  const state = ready({ earlier: earlierAccepted() });
  const id = earlierAccepted().id;
  const floor = (serial: number, rank: number) => ({ epoch: 0, serial, rank, id });
  expect(refuseBelow(state, null, [])).toBeNull();
  expect(refuseBelow(state, { ...floor(7, 0), id: state.head?.id ?? id }, [])).toBeNull();
  expect(refuseBelow(state, floor(8, 0), ["ops"])).toMatchObject({ code: "order-stale", signedBy: ["ops"] });
  expect(refuseBelow(state, floor(7, 1), [])).toMatchObject({ code: "order-stale" });
  const other = { ...floor(7, 0), id: idOf(firstKeySet) };
  expect(refuseBelow(state, other, [])).toMatchObject({ code: "order-equivocation" });
  const quarantined = quarantineHere(state, {
    toplevel: leaf.toplevel,
    reason: "x",
    at: "2026-11-23T00:00:00.000Z",
  });
  expect(refuseBelow(quarantined, floor(6, 1), [])).toBeNull();
});
