/** What an operator builds upon: the effective world by verified documents, whatever the controller would like it to be. */
import { rename, rm } from "node:fs/promises";
import { sha256 } from "@chimera/proto/signed/canonical";
import { StoredPanic } from "@chimera/proto/api";
import { seal, type Envelope } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { beforeEach, expect, test } from "vitest";
import { keyOf, seedHead } from "../../test/fixture/seed-head.ts";
import { useOperator } from "../../test/fixture/use-operator.ts";

const { operator } = useOperator();

beforeEach(() => {
  const { server } = operator();
  server.heads.length = 0;
  server.documents.panic = null;
  server.documents.panicReady = null;
  server.rollout = null;
});

async function panicOf(changes: object, by: Signer): Promise<Envelope> {
  const [newest, before] = operator().server.heads;
  return seal(
    "panic",
    {
      v: 1,
      kind: "panic",
      fleetId: operator().fleetId,
      epoch: 0,
      serial: newest?.head.serial,
      undoes: newest?.id,
      world: before?.head.world,
      reason: "undo",
      ...changes,
    },
    [by],
  );
}

function show(envelope: Envelope): void {
  const payload = Buffer.from(envelope.payload, "base64");
  const panic: unknown = JSON.parse(payload.toString("utf8"));
  const stored = {
    id: sha256(payload),
    revision: 1,
    storedAt: new Date().toISOString(),
    signedBy: [],
    panic,
    envelope,
  };
  operator().server.documents.panic = StoredPanic.parse(stored);
}

async function forget(): Promise<void> {
  await rm(`${operator().home}/.local`, { recursive: true, force: true });
}

test("after a panic the next head follows it, from the world that it went back to", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  await seedHead(operator(), ["n1"], "two");
  await seedHead(operator(), ["n1"], "bad");
  show(await panicOf({}, await keyOf(operator(), "panic")));
  const id = operator().server.documents.panic?.id;
  const { code, err } = await operator().call(["rollback", "--no-follow"]);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("a panic stands") });
  const [newest, bad, two, one] = operator().server.heads;
  expect(bad?.head.reason).toBe("bad");
  expect(newest?.head).toMatchObject({
    serial: 4,
    previous: id,
    revertTo: two?.head.world,
    world: one?.head.world,
  });
});

test("the panic for a new head is signed and stored with it, back to what the fleet ran before", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  await seedHead(operator(), ["n1"], "two");
  const [two] = operator().server.heads;
  expect((await operator().call(["rollback", "--no-follow"])).code).toBe(0);
  const ready = operator().server.documents.panicReady;
  expect(JSON.parse(Buffer.from(ready?.payload ?? "", "base64").toString("utf8"))).toMatchObject({
    undoes: operator().server.heads[0]?.id,
    serial: 3,
    world: two?.head.world,
  });
});

test("without the panic key a head is published all the same, and it is said", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  await seedHead(operator(), ["n1"], "two");
  const file = `${operator().folder}/panic.key`;
  await rename(file, `${file}.away`);
  const { code, err } = await operator().call(["rollback", "--no-follow"]);
  await rename(`${file}.away`, file);
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/no panic was prepared.*panic\.key/u),
  });
  expect(operator().server.documents.panicReady).toBeNull();
});

test.each<[string, { changes?: object; role?: string; code: number; says: RegExp }]>([
  [
    "a panic signed by the publish key",
    { role: "publish", code: 77, says: /panic \w+ is signed by no key set/u },
  ],
  [
    "a panic of a head that is not the newest",
    { changes: { serial: 7 }, code: 65, says: /panic of head 0\.7, which is not/u },
  ],
  [
    "a panic that undoes another document",
    { changes: { undoes: "ab".repeat(32) }, code: 65, says: /panic-void/u },
  ],
  [
    "a panic of another fleet",
    { changes: { fleetId: "cd".repeat(32) }, code: 65, says: /is of fleet cdcd/u },
  ],
])(
  "%s is refused, and nothing is signed on top of it",
  async (_, { changes = {}, role = "panic", code, says }) => {
    await forget();
    await seedHead(operator(), ["n1"], "one");
    await seedHead(operator(), ["n1"], "two");
    show(await panicOf(changes, await keyOf(operator(), role)));
    for (const command of [["rollback", "--no-follow"], ["status"]]) {
      const called = await operator().call(command);
      expect({ code: called.code, err: called.err }).toEqual({ code, err: expect.stringMatching(says) });
    }
    expect(operator().server.writes()).toEqual([]);
  },
);

test("a controller that hides a panic again is found out", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  await seedHead(operator(), ["n1"], "two");
  show(await panicOf({}, await keyOf(operator(), "panic")));
  expect((await operator().call(["status"])).out).toContain("undone by panic: back to world");
  operator().server.documents.panic = null;
  const { code, err } = await operator().call(["rollback", "--no-follow"]);
  expect({ code, err }).toEqual({ code: 65, err: expect.stringMatching(/head 0\.2\+panic was seen here/u) });
});

test("a rollout record goes back only where the head consents, and then is what is built upon", async () => {
  await forget();
  const one = await seedHead(operator(), ["n1"], "one");
  const two = await seedHead(operator(), ["n1"], "two");
  operator().server.rollout = {
    v: 1,
    head: two.id,
    lease: 1,
    phase: "returned",
    reason: "n1 failed",
    at: new Date().toISOString(),
  };
  const { out } = await operator().call(["status", "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    effective: { kind: "head", world: two.head.world, paused: "undone: n1 failed" },
  });
  expect(one.head.world).not.toBe(two.head.world);
});

test("that a publication is made on top of what an unsigned rollout record went back to is said", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  const two = await seedHead(operator(), ["n1"], "two");
  const consentUntil = new Date(Date.now() + 60_000).toISOString();
  await seedHead(operator(), ["n1"], { word: "three", consentUntil });
  const at = new Date().toISOString();
  const [newest] = operator().server.heads;
  if (newest === undefined) throw new Error("no head");
  operator().server.rollout = { v: 1, head: newest.id, lease: 1, phase: "returned", reason: "n1 failed", at };
  const { code, err } = await operator().call(["rollback", "--to", "1", "--no-follow"]);
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(
      /made on top of world \w+: the controller says that the rollout of head 3 failed/u,
    ),
  });
  expect(operator().server.heads[0]?.head.revertTo).toBe(two.head.world);
});

test("nobody is told to vouch for a head that no key of the fleet ever signed, and vouching for it changes nothing", async () => {
  await forget();
  const { server } = operator();
  const genuine = await seedHead(operator(), ["n1"], "one");
  const envelope = seal("head", { ...genuine.head, author: "thief" }, [
    parseSecretKey(generateKey("lab-publish").secret),
  ]);
  const id = sha256(Buffer.from(envelope.payload, "base64"));
  server.heads = [{ ...genuine, id, envelope }];
  for (const words of [[], ["--trust-head", id]]) {
    const { code, err } = await operator().call(["rollback", "--no-follow", ...words]);
    expect({ code, err }).toEqual({ code: 77, err: expect.stringMatching(/somebody made it up/u) });
    expect(err).not.toContain("--trust-head");
  }
  expect(server.writes()).toEqual([]);
});

test("a history that ends before what was seen is shown with a warning", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  await seedHead(operator(), ["n1"], "two");
  expect((await operator().call(["status"])).code).toBe(0);
  operator().server.heads.shift();
  expect((await operator().call(["history"])).err).toMatch(
    /head 0\.2 was seen here, and is not in this history/u,
  );
});

test("a status is shown though the controller lacks the world; nothing is published on top of that", async () => {
  await forget();
  await seedHead(operator(), ["n1"], "one");
  operator().server.worlds.clear();
  const shown = await operator().call(["status"]);
  expect(shown).toMatchObject({ code: 0, err: expect.stringContaining("registered keys") });
  expect(shown.out).toContain("n1");
  expect((await operator().call(["rollback", "--to", "current", "--no-follow"])).code).toBe(66);
});
