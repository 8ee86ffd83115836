/** Documents of a fleet that has changed its keys: each by the key set that it was signed under, and no other. */
import { expect, test } from "vitest";
import { seal } from "@chimera/proto/signed/envelope";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { walkFleetKeys } from "../fleet/key-chain.ts";
import { openSignedHead, openSignedOrder, openSignedPanic } from "./open-signed.ts";

const fleet = createSignedFleet(["a"]);
const [first] = fleet.chain;
if (first === undefined) throw new Error("no keys");
const fresh = fleet.signer("new-publish");
const publish = { keys: [fresh.publicKey], threshold: 1 };

/** Key set 2 gives the role publish to another key. */
function chainOf(changes: object) {
  const set = {
    ...first?.set,
    version: 2,
    fleetId: fleet.fleetId,
    roles: { ...fleet.roles, publish },
    ...changes,
  };
  return walkFleetKeys([fleet.keySet, seal("keys", set, [fleet.signer("root")])], fleet.fleetId);
}

const order = {
  nonce: "0".repeat(32),
  nodes: "all",
  createdAt: "2026-11-23T12:00:00.000Z",
  notAfter: "2026-11-24T12:00:00.000Z",
  author: "anna",
  reason: "",
  action: { kind: "release" },
};

test("the key set that vouches is named, the newest first", () => {
  const chain = chainOf({});
  const head = fleet.head(1, fleet.world());
  expect(openSignedHead(chain, head.envelope)).toMatchObject({ keySet: 1, signedBy: [expect.any(String)] });
  const newer = fleet.head(2, fleet.world(), { by: fresh });
  expect(() => openSignedHead(fleet.chain, newer.envelope)).toThrow(/0 of 1 valid head/u);
  expect(openSignedPanic(chain, fleet.panic(head).envelope)).toMatchObject({ keySet: 2 });
  expect(openSignedOrder(chain, fleet.sealed("order", order, fleet.signer("order")).envelope)).toMatchObject({
    keySet: 2,
  });
});

test("a higher epoch ends what was signed before it, for its own epoch only", () => {
  const chain = chainOf({ epoch: 1 });
  expect(openSignedHead(chain, fleet.head(1, fleet.world()).envelope)).toMatchObject({ keySet: 1 });
  const late = fleet.head(1, fleet.world(), { epoch: 1 });
  expect(() => openSignedHead(chain, late.envelope)).toThrow(
    expect.objectContaining({ code: "signature-invalid" }),
  );
});

test("a document of another fleet, kind or role is refused by all of them", () => {
  const chain = chainOf({});
  const foreign = { ...order, fleetId: "0".repeat(64) };
  expect(() =>
    openSignedOrder(chain, fleet.sealed("order", foreign, fleet.signer("order")).envelope),
  ).toThrow(/for fleet 0000/u);
  expect(() =>
    openSignedOrder(chain, fleet.sealed("order", order, fleet.signer("publish")).envelope),
  ).toThrow(/valid order/u);
  expect(() => openSignedHead(chain, fleet.panic(fleet.head(1, fleet.world())).envelope)).toThrow(
    /payload type/u,
  );
  expect(() => openSignedHead([], fleet.head(1, fleet.world()).envelope)).toThrow(/no key set/u);
});
