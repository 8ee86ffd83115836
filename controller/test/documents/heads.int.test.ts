import { closureDigest, ClosureEntry } from "@chimera/proto/signed/closure";
import { seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { verifyLeaf, worldId } from "@chimera/proto/signed/world";
import { FleetId, NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { eventually } from "../fixture/nats-server.ts";
import { makeStoreObject } from "../fixture/store-object.ts";
import { makeHead, makeLeaf, pushClosure, putHead } from "../fixture/test-fleet.ts";
import { fleetId } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();

async function pushWorld() {
  const { entry } = await pushClosure(fleet(), "nixos-system-a");
  const leaves = [makeLeaf(fleet(), "n1", entry), makeLeaf(fleet(), "n2", entry)];
  const put = await fleet().call(`/v1/worlds/${worldId(leaves)}`, { method: "PUT", body: { v: 1, leaves } });
  expect(put.json()).toEqual({ id: worldId(leaves), size: 2 });
  return { leaves, entry };
}

async function newest() {
  return (await fleet().call("/v1/fleet", { role: "viewer" })).json();
}

test("stores a signed head by compare-and-set and hands each node its own provable leaf", async () => {
  const { leaves } = await pushWorld();
  const before = await newest();
  const stored = await putHead(fleet(), makeHead(leaves), before.revision);
  expect(stored.status, stored.text).toBe(200);
  expect((await newest()).head).toMatchObject({ id: stored.json().id, revision: stored.json().revision });
  const proof = await fleet().call(`/v1/worlds/${worldId(leaves)}/leaves/n1`, { role: "n1" });
  const leaf = verifyLeaf(proof.json(), { world: worldId(leaves), size: 2, fleetId }, NodeName.parse("n1"));
  expect(leaf.toplevel).toBe(leaves[0]?.toplevel);
  const foreign = await fleet().call(`/v1/worlds/${worldId(leaves)}/leaves/n1`, { role: "n2" });
  expect(foreign.json()).toMatchObject({ status: 403, code: "role-forbidden" });
});

test("answers the same head again with what is stored, and another writer with write-conflict", async () => {
  const { leaves } = await pushWorld();
  const { revision, head } = await newest();
  const next = makeHead(leaves, { serial: 2, previous: head.id });
  const first = await putHead(fleet(), next, revision);
  expect(first.status).toBe(200);
  const again = await putHead(fleet(), next, revision);
  expect(again.json()).toMatchObject({ id: first.json().id, revision: first.json().revision });
  const late = await putHead(fleet(), makeHead(leaves, { serial: 3, previous: first.json().id }), revision);
  expect(late.json()).toMatchObject({ status: 409, code: "write-conflict" });
  expect((await newest()).head.head.serial).toBe(2);
});

test("lets exactly one of two publishers win that name the same revision at the same time", async () => {
  const { leaves } = await pushWorld();
  const { revision, head } = await newest();
  const answers = await Promise.all(
    ["a", "b"].map((author) =>
      putHead(fleet(), makeHead(leaves, { serial: 3, author, previous: head.id }), revision),
    ),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
});

test("refuses a lower serial, a jump, an expired head and a head of another fleet, and stores nothing", async () => {
  const { leaves } = await pushWorld();
  const before = await newest();
  const refused = [
    [makeHead(leaves, { serial: 1, author: "late" }), "order-stale"],
    [makeHead(leaves, { serial: before.head.head.serial, author: "twin" }), "order-equivocation"],
    [makeHead(leaves, { serial: 90_000 }), "order-jump"],
    [makeHead(leaves, { serial: 50, notAfter: "2020-01-01T00:00:00.000Z" }), "head-expired"],
    [makeHead(leaves, { serial: 50, fleetId: "a".repeat(64) }), "fleet-mismatch"],
  ] as const;
  for (const [head, code] of refused) {
    const answer = await putHead(fleet(), head, before.revision);
    expect(answer.json()).toMatchObject({ status: 409, code });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  }
  expect(await newest()).toEqual(before);
});

test("refuses a head that does not follow the newest one, naming both, and stores nothing", async () => {
  const { leaves } = await pushWorld();
  const before = await newest();
  for (const previous of [null, "d".repeat(64)]) {
    const answer = await putHead(fleet(), makeHead(leaves, { serial: 50, previous }), before.revision);
    expect(answer.json()).toMatchObject({
      status: 409,
      code: "order-stale",
      detail: expect.stringMatching(`head.previous is ${previous ?? "none"}.*${before.head.id}`),
    });
  }
  expect(await newest()).toEqual(before);
});

test("refuses a head whose toplevel has a closure list but no narinfo", async () => {
  const before = await newest();
  const object = makeStoreObject("nixos-system-no-narinfo");
  const entry = ClosureEntry.parse({
    path: object.path,
    narHash: object.narHash,
    narSize: object.nar.length,
    references: [],
  });
  const list = { v: 1, entries: [entry] };
  const put = await fleet().call(`/cache/closure/${closureDigest([entry])}`, { method: "PUT", body: list });
  expect(put.status).toBe(201);
  const leaves = [makeLeaf(fleet(), "n1", entry)];
  await fleet().call(`/v1/worlds/${worldId(leaves)}`, { method: "PUT", body: { v: 1, leaves } });
  const head = makeHead(leaves, { serial: 50, previous: before.head.id });
  const answer = await putHead(fleet(), head, before.revision);
  expect(answer.json()).toMatchObject({
    status: 503,
    code: "closure-unavailable",
    detail: expect.stringContaining(`no narinfo of ${object.path}`),
  });
  expect(await newest()).toEqual(before);
});

test("refuses an unsigned head and one signed by a key outside the publish role", async () => {
  const { leaves } = await pushWorld();
  const before = await newest();
  const head = makeHead(leaves, { serial: 50 });
  const stranger = parseSecretKey(generateKey("ops-publish").secret);
  const forged = seal("head", head, [stranger]);
  const answer = await fleet().call("/v1/head", {
    method: "PUT",
    body: { envelope: forged, expectedRevision: before.revision },
  });
  expect(answer.json()).toMatchObject({ status: 403, code: "signature-invalid" });
  const unsigned = { ...forged, signatures: [] };
  const bare = await fleet().call("/v1/head", {
    method: "PUT",
    body: { envelope: unsigned, expectedRevision: before.revision },
  });
  expect(bare.json()).toMatchObject({ status: 422, errors: [{ field: "envelope.signatures" }] });
  const asStatus = seal("status", head, [fleet().publish]);
  const other = await fleet().call("/v1/head", {
    method: "PUT",
    body: { envelope: asStatus, expectedRevision: before.revision },
  });
  expect(other.json()).toMatchObject({ code: "signature-invalid" });
  expect(await newest()).toEqual(before);
});

test("refuses a head whose world, closure list, narinfo or node is missing, naming what", async () => {
  const { leaves, entry } = await pushWorld();
  const before = await newest();
  const unknownWorld = await putHead(
    fleet(),
    makeHead(leaves, { serial: 50, previous: before.head.id, world: "b".repeat(64) }),
    before.revision,
  );
  expect(unknownWorld.json()).toMatchObject({ status: 404, code: "world-unknown" });
  const previous = before.head.id;
  const wrongSize = await putHead(
    fleet(),
    makeHead(leaves, { serial: 50, previous, size: 3 }),
    before.revision,
  );
  expect(wrongSize.json()).toMatchObject({
    code: "input-invalid",
    detail: expect.stringContaining("head.size"),
  });
  const cases = [
    [
      { ...makeLeaf(fleet(), "n1", entry), closure: closureDigest([{ ...entry, narSize: 1 }]) },
      "closure-unavailable",
    ],
    [makeLeaf(fleet(), "n9", entry), "node-unknown"],
    [{ ...makeLeaf(fleet(), "n1", entry), fleetId: FleetId.parse("0".repeat(64)) }, "fleet-mismatch"],
  ] as const;
  for (const [leaf, code] of cases) {
    const world = [leaf];
    const put = await fleet().call(`/v1/worlds/${worldId(world)}`, {
      method: "PUT",
      body: { v: 1, leaves: world },
    });
    expect(put.status, put.text).toBe(200);
    const answer = await putHead(fleet(), makeHead(world, { serial: 50, previous }), before.revision);
    expect(answer.json()).toMatchObject({ code, detail: expect.stringContaining(leaf.node) });
  }
  expect(await newest()).toEqual(before);
});

test("refuses a world under a wrong id, with a malformed store path or with a bad node name, naming the field", async () => {
  const { leaves } = await pushWorld();
  const wrong = await fleet().call(`/v1/worlds/${"c".repeat(64)}`, { method: "PUT", body: { v: 1, leaves } });
  expect(wrong.json()).toMatchObject({ status: 422, code: "hash-mismatch" });
  const path = `/v1/worlds/${worldId(leaves)}`;
  const badPath = leaves.map((leaf) => ({ ...leaf, toplevel: "/nix/store/../etc/shadow" }));
  const answer = await fleet().call(path, { method: "PUT", body: { v: 1, leaves: badPath } });
  expect(answer.json()).toMatchObject({ status: 422, errors: [{ field: "leaves.0.toplevel" }, {}] });
  const badNode = await fleet().call(path, {
    method: "PUT",
    body: { v: 1, leaves: [{ ...leaves[0], node: "N1_" }] },
  });
  expect(badNode.json().errors[0].field).toBe("leaves.0.node");
});

test("lists heads newest first and keeps them over a kill of nats-server", async () => {
  const before = (await fleet().call("/v1/heads", { role: "viewer" })).json();
  expect(before.heads.map((stored: { head: { serial: number } }) => stored.head.serial)).toEqual([3, 2, 1]);
  await fleet().nats.restart();
  await eventually("ready again", () => fleet().controller.ready());
  expect((await fleet().call("/v1/heads", { role: "viewer" })).json()).toEqual(before);
});
