/** Who publishes after a panic does so knowingly: whoever did not see it is told who undid what, before anything is signed. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { proposalsOf } from "../../../test/fixture/proposals.ts";
import { keyOf, leavesOf, seedHead, seedPanic } from "../../../test/fixture/seed-head.ts";
import { createTestNode } from "../../../test/fixture/test-node.ts";
import { useOperator } from "../../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const n1 = createTestNode("n1");
const takenAt = "2026-11-29T12:34:56.000Z";
let panic = "";

beforeEach(async () => {
  const { server, home, fleetId } = operator();
  await rm(join(home, ".local"), { recursive: true, force: true });
  server.heads.length = 0;
  server.documents.panic = null;
  server.nodes.set("n1", n1.silent());
  for (const word of ["one", "two", "bad"]) await seedHead(operator(), ["n1"], word);
  ({ id: panic } = await seedPanic(operator()));
  const status = { fleetId, panic: { epoch: 0, serial: 3, id: panic, acceptedAt: takenAt } };
  server.nodes.set("n1", n1.reporting(status));
  server.requests.length = 0;
});

const says =
  /a panic stands: at 2026-11-29T12:34:56\.000Z it undid head 0\.3 by anna \(bad\), signed by lab-panic \(payments are down\)\. The fleet goes by world \w{12} again; a head that is published now ends the panic/u;

test.each([["--no-follow"], ["--dry-run"], ["--no-follow --json"]])("by rollback %s", async (args) => {
  const { code, err } = await operator().call(["rollback", ...args.split(" ")]);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(says) });
});

test.each([["--yes"], ["--dry-run"]])("by sign %s", async (arg) => {
  const id = proposalsOf(operator(), await keyOf(operator(), "publish")).propose(
    leavesOf(operator(), ["n1"], "next"),
    { previous: panic, serial: 4 },
  );
  const { code, err } = await operator().call(["sign", id, arg]);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(says) });
});

test("a panic whose time no node tells is told by the store's, and one that a newer head ended by nobody", async () => {
  const { server } = operator();
  server.nodes.set("n1", n1.silent());
  const { documents } = server;
  const told = await operator().call(["rollback", "--dry-run"]);
  expect(told.err).toContain(`at ${documents.panic?.storedAt} it undid`);
  expect((await operator().call(["rollback", "--no-follow"])).code).toBe(0);
  expect((await operator().call(["rollback", "--dry-run"])).err).not.toContain("panic");
});
