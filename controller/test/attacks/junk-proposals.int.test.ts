/** What somebody with an operator's token, and no key, can do to the proposals of others. */
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { PublicKeyText, type Signer } from "@chimera/proto/signed/keys";
import { expect, test } from "vitest";
import { getFleet, idOf, iso, makeOrder, put, sealOrder } from "../fixture/documents.ts";
import { fleetId, fleetKeys, makeKeySet, makeSigner } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
const propose = (envelope: Envelope) => put(fleet(), `/v1/proposals/${idOf(envelope)}`, envelope);

async function open(): Promise<{ id: string; kind: string }[]> {
  return (await fleet().call("/v1/proposals", { role: "viewer" })).json().proposals;
}

function rename(signer: Signer, name: string): Signer {
  const [, bytes = ""] = signer.publicKey.split(":");
  return { ...signer, name, publicKey: PublicKeyText.parse(`${name}:${bytes}`) };
}

test("takes few key sets that only their own root has signed: anybody with a token makes those", async () => {
  const due = (await getFleet(fleet())).keys + 1;
  const junk = () => {
    const stranger = makeSigner("ops-root");
    const roles = { root: { keys: [stranger.publicKey], threshold: 1 } };
    return seal("keys", makeKeySet({ version: due, fleetId, roles }), [stranger]);
  };
  const answers: { status: number; code?: string }[] = [];
  for (let count = 0; count < 12; count += 1) answers.push((await propose(junk())).json());
  expect(answers.filter(({ code }) => code === "overloaded")).toHaveLength(4);
  const wanted = [
    sealOrder(makeOrder()),
    seal("keys", makeKeySet({ version: due, fleetId, expires: iso(Date.now() + 1e9) }), [fleetKeys.root]),
  ];
  for (const envelope of wanted) expect((await propose(envelope)).status).toBe(200);
  const ids = (await open()).map(({ id }) => id);
  expect(ids.slice(0, 2).toSorted()).toEqual(wanted.map(idOf).toSorted());
  expect(ids).toHaveLength(10);
});

test("gathers both signatures of one root key that gets another name", async () => {
  const due = (await getFleet(fleet())).keys + 1;
  const renamed = rename(fleetKeys.root, "ops-root-2");
  const roles = { root: { keys: [renamed.publicKey], threshold: 1 } };
  const next = makeKeySet({ version: due, fleetId, roles });
  expect((await propose(seal("keys", next, [renamed]))).status).toBe(503);
  await propose(seal("keys", next, [fleetKeys.root]));
  const { envelope } = (await propose(seal("keys", next, [renamed]))).json();
  expect(envelope.signatures).toHaveLength(2);
  expect((await put(fleet(), "/v1/keys", envelope)).status).toBe(200);
});
