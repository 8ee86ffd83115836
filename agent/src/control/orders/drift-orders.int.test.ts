/** Orders about drift on a real server: what a node keeps, forgets, and is asked once. */
import { NodeName } from "@chimera/proto/names";
import { openShown, type ShownFacts } from "@chimera/proto/drift-shown";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { seal } from "@chimera/proto/signed/envelope";
import type { Order } from "@chimera/proto/signed/order";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fleetId, idOf, node, sealOrder, signers } from "../fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../node-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let fixture: NodeFixture;

beforeEach(async () => {
  fixture = await createNodeFixture();
  await fixture.nats.start();
});
afterEach(() => fixture.dispose());

/** Heard by the server: what is sent from then on arrives. */
async function started(onOrder: (order: Order) => Promise<ShownFacts> | null) {
  const side = fixture.start({ onOrder });
  await vi.waitFor(async () => expect(await side.hasContact()).toBe(true), patient);
  return side;
}

const arrives = (work: () => void) => vi.waitFor(work, patient);
const sendOrder = (envelope: Envelope) => fixture.publish(subjects.cmd(fleetId, node), { envelope });
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
const facts: ShownFacts = {
  path: "/etc/motd",
  at: "2026-11-23T12:00:00.000Z",
  explanation: { kind: "undeclared" },
  stance: { mode: "revert", why: "" },
  open: null,
  evidence: [],
  of: null,
  content: { kind: "not-shown", reason: "the closure says nothing of it" },
};

test("what an order ignores is on disk, outlives the agent, and ends by an order once", async () => {
  const asked: Order["action"][] = [];
  const onOrder = ({ action }: Order) => {
    asked.push(action);
    return null;
  };
  await started(onOrder);
  const acks = await fixture.listen();
  const until = inMinutes(60);
  const ignore = sealOrder({ kind: "drift-ignore", glob: "/etc/motd", until }, { reason: "measuring" });
  await sendOrder(ignore);
  await arrives(() => expect(acks).toHaveLength(1));
  expect(fixture.onDisk()?.driftExceptions).toMatchObject([
    { glob: "/etc/motd", until, author: "ops", reason: "measuring", ended: false },
  ]);
  await fixture.stop();
  const side = await started(onOrder);
  expect(side.keeper.state()?.driftExceptions).toHaveLength(1);
  const unignore = sealOrder({ kind: "drift-unignore", glob: "/etc/motd" });
  await sendOrder(unignore);
  await arrives(() => expect(acks).toHaveLength(2));
  expect(fixture.onDisk()?.driftExceptions).toMatchObject([{ glob: "/etc/motd", ended: true }]);
  await sendOrder(ignore);
  await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { code: "order-used" } }));
  expect(asked.map(({ kind }) => kind)).toEqual(["drift-ignore", "drift-unignore"]);
});

test("a path is shown once for each order, signed, beside the receipt", async () => {
  await started(() => Promise.resolve(facts));
  const acks = await fixture.listen();
  const show = sealOrder({ kind: "drift-show", path: "/etc/motd", evidence: null, maxBytes: 64 });
  await sendOrder(show);
  await arrives(() => expect(acks).toHaveLength(1));
  const [answer] = acks;
  if (answer === undefined || !("shown" in answer)) throw new Error("nothing is shown");
  const key = fixture.nodeKey.publicKey;
  expect(openReceipt(answer.receipt, key).document.id).toBe(idOf(show));
  expect(openShown(answer.shown, key)).toMatchObject({ ...facts, node, order: idOf(show) });
  expect(() => openReceipt(answer.shown, key)).toThrow(/payload type/u);
  for (const [order, code] of [
    [show, "order-used"],
    [
      sealOrder(
        { kind: "drift-show", path: "/etc/motd", evidence: null, maxBytes: 1 },
        { nodes: [NodeName.parse("n2")] },
      ),
      "order-misaddressed",
    ],
    [
      sealOrder(
        { kind: "drift-show", path: "/etc/motd", evidence: null, maxBytes: 1 },
        { notAfter: "2020-01-01T00:00:00.000Z" },
      ),
      "order-expired",
    ],
    [
      sealOrder({ kind: "drift-show", path: "/etc/../etc/shadow", evidence: null, maxBytes: 1 }),
      "input-invalid",
    ],
    [sealOrder({ kind: "drift-resume", path: "/etc/motd" }, {}, signers.publish), "signature-invalid"],
  ] as const) {
    await sendOrder(order);
    await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { id: idOf(order), code } }));
  }
});

test("a kind of order that is not known is refused by name", async () => {
  await started(() => null);
  const acks = await fixture.listen();
  const base: object = JSON.parse(
    Buffer.from(sealOrder({ kind: "release" }).payload, "base64").toString("utf8"),
  );
  await sendOrder(seal("order", { ...base, action: { kind: "drift-dance" } }, [signers.order]));
  await arrives(() =>
    expect(acks.at(-1)).toMatchObject({
      refused: {
        code: "input-invalid",
        message: expect.stringContaining('kind "drift-dance" are not known'),
      },
    }),
  );
});
