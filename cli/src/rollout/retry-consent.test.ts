/** A second try may take as long as the first one: over real HTTP. */
import { HeadPolicy, type Head } from "@chimera/proto/signed/head";
import { expect, test } from "vitest";
import { seedHead } from "../../test/fixture/seed-head.ts";
import { createTestNode } from "../../test/fixture/test-node.ts";
import { useOperator } from "../../test/fixture/use-operator.ts";

const { operator } = useOperator();
const rollout = {
  waves: [{ list: "c".repeat(64), size: 1 }],
  maxFailed: 0,
  onFailure: "return",
  maxUnavailable: null,
  proven: 50,
  deadline: null,
  onDeadline: "hold",
};

function spanOf(head: Head | undefined): number {
  return Date.parse(head?.consentUntil ?? "") - Date.parse(head?.createdAt ?? "");
}

test("a retry consents to go back for as long as the head before did", async () => {
  const { server, fleetId } = operator();
  const node = createTestNode("n1");
  server.nodes.set("n1", node.silent());
  await seedHead(operator(), ["n1"], "a");
  const consentUntil = new Date(Date.now() + 36 * 3_600_000).toISOString();
  const failed = await seedHead(operator(), ["n1"], {
    word: "b",
    consentUntil,
    policy: HeadPolicy.parse({ rollout }),
  });
  const { epoch, serial, world } = failed.head;
  const accepted = { epoch, serial, id: failed.id, world, acceptedAt: failed.storedAt };
  server.nodes.set("n1", node.reporting({ fleetId, accepted, state: "reverted" }));
  const { code, err } = await operator().call(["retry", "--failed", "--no-follow"]);
  expect(code, err).toBe(0);
  const [newest] = server.heads;
  expect(newest?.id).not.toBe(failed.id);
  expect(spanOf(newest?.head)).toBe(spanOf(failed.head));
});
