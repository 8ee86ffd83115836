/** Who proposes goes on watching: until the last signature publishes it, another head takes its place, or the time is up. */
import { join } from "node:path";
import { StoredHead } from "@chimera/proto/api";
import { sha256 } from "@chimera/proto/signed/canonical";
import { mergeSignatures, seal, type Envelope } from "@chimera/proto/signed/envelope";
import { Head } from "@chimera/proto/signed/head";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { Panic } from "@chimera/proto/signed/panic";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createOperator, type TestOperator } from "../../../test/fixture/operator.ts";
import { keyOf, seedHead } from "../../../test/fixture/seed-head.ts";

const bob = parseSecretKey(generateKey("bob").secret);
let operator: TestOperator;

beforeAll(async () => {
  operator = await createOperator();
  await seedHead(operator, ["n1"], "one");
  await seedHead(operator, ["n1"], "two");
  await operator.call(["status"]);
  const root = ["--root-key", join(operator.folder, "root.key")];
  await operator.call(["keys", "add", "--role", "publish", bob.publicKey, "--threshold", "2", ...root]);
});
beforeEach(() => operator.server.documents.proposals.clear());
afterAll(async () => operator.close());

async function proposed() {
  const { proposals } = operator.server.documents;
  await vi.waitUntil(() => proposals.size === 1, { timeout: 5000, interval: 10 });
  const [proposal] = proposals.values();
  if (proposal === undefined) throw new Error("nothing was proposed");
  const message = Head.parse(JSON.parse(Buffer.from(proposal.envelope.payload, "base64").toString("utf8")));
  return { ...proposal, message };
}

function publish(id: string, head: Head, envelope: StoredHead["envelope"]): void {
  const { heads } = operator.server;
  const stored = { id, revision: heads.length + 1, storedAt: head.createdAt, signedBy: [], head, envelope };
  heads.unshift(StoredHead.parse(stored));
}

test("the last signature publishes it, and the nodes are followed from then on", async () => {
  const called = operator.call(["rollback", "--timeout", "2"]);
  const { id, message, envelope } = await proposed();
  publish(id, message, mergeSignatures(envelope, seal("head", message, [bob])));
  const { code, out, err } = await called;
  expect(out).toMatch(
    new RegExp(
      `proposed head 3: .*lab-publish \\(1 of 2\\)\nothers .* chimera sign ${id.slice(0, 12)}\npublished head 3`,
      "u",
    ),
  );
  expect({ code, err }).toEqual({ code: 75, err: expect.stringMatching(/after 2 s not committed: n1/u) });
});

test("another head in its place ends the waiting", async () => {
  const called = operator.call(["rollback", "--to", "2", "--timeout", "60"]);
  const { message } = await proposed();
  const other = Head.parse({ ...message, reason: "other", author: "carol" });
  const envelope = seal("head", other, [bob, await keyOf(operator, "publish")]);
  publish(sha256(Buffer.from(envelope.payload, "base64")), other, envelope);
  expect(await called).toMatchObject({
    code: 65,
    err: expect.stringMatching(/head 4 by carol was published instead/u),
  });
});

test("a head that the controller shows without enough signatures is no publication", async () => {
  const called = operator.call(["rollback", "--to", "2", "--timeout", "60"]);
  const { id, message, envelope } = await proposed();
  publish(id, message, envelope);
  expect(await called).toMatchObject({ code: 77, err: expect.stringMatching(/not as the newest one does/u) });
  operator.server.heads.shift();
});

test("when the time is up the proposal stays", async () => {
  const called = await operator.call(["rollback", "--to", "2", "--timeout", "1", "--json"]);
  expect(called).toMatchObject({ code: 75, err: expect.stringMatching(/lacks signatures; it stays/u) });
  expect(operator.server.documents.proposals.size).toBe(1);
});

test("who proposed prepares the panic for it, since the last one to sign may lack that key", async () => {
  const { documents } = operator.server;
  documents.panicReady = null;
  const called = operator.call(["rollback", "--to", "1", "--timeout", "2"]);
  const { id, message, envelope } = await proposed();
  publish(id, message, mergeSignatures(envelope, seal("head", message, [bob])));
  await called;
  expect(undoneBy(documents.panicReady)).toBe(id);
  const ready = documents.panicReady;
  operator.server.documents.proposals.clear();
  const again = operator.call(["rollback", "--to", "2", "--timeout", "1"]);
  const next = await proposed();
  documents.panicReady = seal("panic", { ...panicOf(ready), undoes: next.id }, [
    await keyOf(operator, "panic"),
  ]);
  const theirs = documents.panicReady;
  publish(next.id, next.message, mergeSignatures(next.envelope, seal("head", next.message, [bob])));
  await again;
  expect(documents.panicReady).toBe(theirs);
});

function panicOf(envelope: Envelope | null): Panic {
  return Panic.parse(JSON.parse(Buffer.from(envelope?.payload ?? "", "base64").toString("utf8")));
}

function undoneBy(envelope: Envelope | null): string {
  return panicOf(envelope).undoes;
}
