/** `chimera sign`: what is signed is what was shown, and what was shown is what the documents say, not who carried them. */
import { join } from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import { FleetId } from "@chimera/proto/names";
import { mergeSignatures, seal, type Envelope } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey, type Signer } from "@chimera/proto/signed/keys";
import { worldId } from "@chimera/proto/signed/world";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOperator, type TestOperator } from "../../test/fixture/operator.ts";
import { proposalsOf } from "../../test/fixture/proposals.ts";
import { keyOf, leavesOf, seedHead } from "../../test/fixture/seed-head.ts";

const bob = parseSecretKey(generateKey("bob").secret);
let operator: TestOperator;
let own: Signer;

beforeAll(async () => {
  operator = await createOperator();
  await seedHead(operator, ["n1", "n2"], "one");
  await operator.call(["status"]);
  const root = ["--root-key", join(operator.folder, "root.key")];
  const add = ["keys", "add", "--role", "publish", bob.publicKey, "--threshold", "2"];
  const added = await operator.call([...add, ...root]);
  if (added.code !== 0) throw new Error(added.err);
  own = await keyOf(operator, "publish");
});
beforeEach(() => {
  operator.server.documents.proposals.clear();
  operator.server.requests.length = 0;
});
afterAll(async () => operator.close());

function propose(...wanted: Parameters<ReturnType<typeof proposalsOf>["propose"]>): string {
  return proposalsOf(operator, bob).propose(...wanted);
}

function put(...wanted: Parameters<ReturnType<typeof proposalsOf>["put"]>): string {
  return proposalsOf(operator, bob).put(...wanted);
}

function envelopeOf(id: string): Envelope {
  return proposalsOf(operator, bob).envelopeOf(id);
}

async function signed(id: string) {
  const { code, err } = await operator.call(["sign", id, "--yes"]);
  return { code, err, sent: operator.server.writes() };
}

function refusal(code: number, says: RegExp) {
  return { code, err: expect.stringMatching(says), sent: [] };
}

test("it shows what changes beside the system too: whose word counts, which cache, who is left out", async () => {
  const [one] = leavesOf(operator, ["n1"], "two");
  if (one === undefined) throw new Error("no leaf");
  const changed = { ...one, nodeKey: generateKey("n1").public, substituters: ["http://evil.example/cache"] };
  const { out } = await operator.call(["sign", propose([changed])], { inTty: true, ask: async () => "no" });
  expect(out).toContain("n1: another node key");
  expect(out).toMatch(/n1: other substituters, .* -> http:\/\/evil\.example/u);
  expect(out).toContain("without a leaf from then on: n2");
  expect(out).not.toContain("\u001b");
  expect(operator.server.writes()).toEqual([]);
});

test("a person is asked, and only yes signs", async () => {
  const id = propose(leavesOf(operator, ["n1", "n2"], "two"));
  const asked: string[] = [];
  const answer = (text: string) => ({
    inTty: true,
    ask: async (question: string) => {
      asked.push(question);
      return text;
    },
  });
  expect(await operator.call(["sign", id], answer("y"))).toMatchObject({ code: 64 });
  expect(operator.server.writes()).toEqual([]);
  const { code, out } = await operator.call(["sign", id.slice(0, 8)], answer("yes"));
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/published head 2: .*publish 2 of 2/u),
  });
  expect(asked).toHaveLength(2);
  expect(operator.server.heads[0]).toMatchObject({ id, signedBy: ["lab-publish", "bob"] });
});

test("a world other than the head says is not signed", async () => {
  const leaves = leavesOf(operator, ["n1", "n2"], "three");
  const id = propose(leaves);
  operator.server.worlds.set(worldId(leaves), { v: 1, leaves: leavesOf(operator, ["n1", "n2"], "evil") });
  expect(await signed(id)).toEqual(refusal(65, /the controller sent leaves of world/u));
});

test("a head whose size is not its world's is not signed", async () => {
  expect(await signed(propose(leavesOf(operator, ["n1", "n2"], "four"), { size: 1 }))).toEqual(
    refusal(65, /says 1 nodes, its world has 2/u),
  );
});

test("a world with a leaf of another fleet is not signed", async () => {
  const fleetId = FleetId.parse("ab".repeat(32));
  expect(await signed(propose(leavesOf({ ...operator, fleetId }, ["n1", "n2"], "five")))).toEqual(
    refusal(65, /n1 .* is of fleet abab/u),
  );
});

test("other bytes under a proposal's id are left out, and told", async () => {
  const id = propose(leavesOf(operator, ["n1"], "six"));
  const other = envelopeOf(propose(leavesOf(operator, ["n1"], "seven")));
  operator.server.documents.proposals.clear();
  put(other, id);
  const { out, err } = await operator.call(["sign"]);
  expect({ out, err }).toEqual({
    out: "nothing waits for signatures\n",
    err: expect.stringMatching(/is left out: proposal .* has the bytes of/u),
  });
  expect(await signed(id)).toEqual(refusal(66, /no proposal begins with/u));
});

test("signatures of strangers, of another role and of one key twice do not bring it nearer", async () => {
  const id = propose(leavesOf(operator, ["n1"], "eight"), {}, [bob]);
  const message: unknown = JSON.parse(Buffer.from(envelopeOf(id).payload, "base64").toString("utf8"));
  const stranger = parseSecretKey(generateKey("lab-publish").secret);
  const panic = await keyOf(operator, "panic");
  put(mergeSignatures(envelopeOf(id), seal("head", message, [stranger, panic])));
  const { out } = await operator.call(["sign", "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    proposals: [{ id, signatures: [{ role: "publish", signedBy: ["bob"], threshold: 2 }] }],
  });
});

test.each<[string, object, RegExp]>([
  ["on top of another head", { previous: "ab".repeat(32) }, /on top of another head/u],
  ["of another fleet", { fleetId: "ab".repeat(32) }, /of fleet abab/u],
  ["of another epoch", { epoch: 1, serial: 1 }, /epoch 0 has begun/u],
  ["that has expired", { notAfter: "2026-01-01T00:00:00.000Z" }, /expired at 2026-01/u],
  ["with the serial of now", { serial: 2 }, /0\.2 was published since/u],
])("a proposal %s cannot be signed", async (_, changes, says) => {
  expect(await signed(propose(leavesOf(operator, ["n1"], "nine"), changes))).toEqual(refusal(65, says));
});

test("own signature twice stays one", async () => {
  const id = propose(leavesOf(operator, ["n1", "n2"], "ten"), {}, [own]);
  const { code, out } = await operator.call(["sign", id, "--yes"]);
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/publish 1 of 2 \(lab-publish\); the last/u),
  });
});

test.each([
  ["abc", 64, /at least 12/u],
  ["0123456789ab", 66, /no proposal begins with/u],
])("%s names no proposal", async (word, code, says) => {
  expect(await signed(word)).toEqual(refusal(code, says));
});

test("key set 1 of a new fleet with several roots is signed in its file until it is complete", async () => {
  const other = generateKey("bob-root");
  const keyFile = join(operator.home, "bob-root.key");
  await writeFile(keyFile, `${other.secret}\n`, { mode: 0o600 });
  const init = ["init", "--name", "two", "--controller", "http://127.0.0.1:9"];
  const made = await operator.call([...init, "--root-key", other.public, "--root-threshold", "2"]);
  const file = /chimera sign (\S+) --root-key/u.exec(made.out)?.[1] ?? "";
  expect(made.out).toContain("key set 1 has 1 of 2 root signatures");
  const unsigned = await readFile(file, "utf8");
  const asked = { inTty: true, ask: async () => "no" };
  const shown = await operator.call(["sign", file, "--root-key", keyFile], asked);
  expect(shown).toMatchObject({ code: 64, out: expect.stringMatching(/publish +1 of 1 .*two-publish:/u) });
  expect(await operator.call(["sign", file, "--root-key", keyFile])).toMatchObject({ code: 64 });
  expect(await operator.call(["sign", file, "--dry-run", "--json"])).toMatchObject({
    code: 0,
    out: expect.stringContaining('"type": "plan"'),
  });
  expect(await readFile(file, "utf8")).toBe(unsigned);
  const { out } = await operator.call(["sign", file, "--root-key", keyFile, "--yes"]);
  expect(out).toMatch(/root 2 of 2 \(two-root, bob-root\)/u);
  const late = await operator.call(["sign", file, "--root-key", join(operator.folder, "root.key"), "--yes"]);
  expect(late).toMatchObject({
    code: 77,
    err: expect.stringContaining("gives the role root to two-root, bob-root"),
  });
});
