import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { openReceipt } from "@chimera/proto/signed/receipt";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  createHead,
  createLeaf,
  fleetId,
  idOf,
  node,
  sealHead,
  sealOrder,
  signers,
} from "../fleet-fixture.ts";
import { createNodeFixture, type NodeFixture } from "../node-fixture.ts";

const patient = { timeout: 20_000, interval: 50 };
let fixture: NodeFixture;

beforeEach(async () => {
  fixture = await createNodeFixture();
  await fixture.nats.start();
});

afterEach(() => fixture.dispose());

const arrives = (work: () => void) => vi.waitFor(work, patient);
const sendOrder = (envelope: Envelope) => fixture.publish(subjects.cmd(fleetId, node), { envelope });

/** The first head, which the node has yet to take. */
function firstHead(): Envelope {
  const leaf = createLeaf(fixture.nodeKey, "a");
  fixture.leaves.put([leaf]);
  return sealHead(createHead(1, [leaf]));
}

async function isRefused(document: string, code: string): Promise<void> {
  await vi.waitFor(async () => {
    expect(await fixture.refusals()).toContainEqual(expect.objectContaining({ document, code }));
  }, patient);
}

test("an order that is sent is answered by a receipt; sent again, late, or for another node it is refused", async () => {
  fixture.start();
  const acks = await fixture.listen();
  await fixture.put("head", firstHead());
  await arrives(() => expect(acks).toHaveLength(1));
  const until = new Date(Date.now() + 3600_000).toISOString();
  const hold = sealOrder({ kind: "hold", until, drift: false, evenPanic: false });
  await sendOrder(hold);
  await arrives(() => expect(acks).toHaveLength(2));
  const [, receipt] = acks;
  if (receipt === undefined || !("payload" in receipt)) throw new Error("no receipt");
  expect(openReceipt(receipt, fixture.nodeKey.publicKey).document).toEqual({
    kind: "order",
    id: idOf(hold),
    epoch: null,
    serial: null,
  });
  expect(fixture.onDisk()?.hold).toMatchObject({ until });
  const late = sealOrder({ kind: "release" }, { notAfter: "2020-01-01T00:00:00.000Z" });
  const foreign = sealOrder({ kind: "release" }, { nodes: [NodeName.parse("n2")] });
  for (const [order, code] of [
    [hold, "order-used"],
    [late, "order-expired"],
    [foreign, "order-misaddressed"],
    [sealOrder({ kind: "release" }, {}, signers.publish), "signature-invalid"],
  ] as const) {
    await sendOrder(order);
    await arrives(() => expect(acks.at(-1)).toMatchObject({ refused: { id: idOf(order), code } }));
    await isRefused("order", code);
  }
  expect(fixture.onDisk()?.hold).toMatchObject({ until });
});

test("orders that waited in the store are carried out once, whoever else they were for", async () => {
  const acks = await fixture.listen();
  const until = new Date(Date.now() + 3600_000).toISOString();
  const mine = sealOrder({ kind: "hold", until, drift: true, evenPanic: false }, { nodes: "all" });
  const late = sealOrder({ kind: "release" }, { notAfter: "2020-01-01T00:00:00.000Z" });
  await fixture.put("order", { v: 1, orders: [late, mine] });
  const side = fixture.start();
  await arrives(() => expect(fixture.onDisk()?.hold).toMatchObject({ drift: true }));
  await arrives(() => expect(acks).toHaveLength(1));
  await side.refresh();
  // Its sender asks later than the store told: the same answer, once.
  await sendOrder(mine);
  await arrives(() => expect(acks).toHaveLength(2));
  expect(acks[1]).toEqual(acks[0]);
  expect(await fixture.refusals()).toEqual([]);
  await sendOrder(mine);
  await isRefused("order", "order-used");
});

test("with a disk that takes nothing, nothing is accepted", async () => {
  let isFull = true;
  const side = fixture.start({
    beforeSave: () => {
      if (isFull) throw new ChimeraError("file-unreadable", "the disk is full");
    },
  });
  const acks = await fixture.listen();
  const until = new Date(Date.now() + 3600_000).toISOString();
  const hold = sealOrder({ kind: "hold", until, drift: false, evenPanic: false });
  await fixture.put("head", firstHead());
  await sendOrder(hold);
  await isRefused("head", "file-unreadable");
  await arrives(() =>
    expect(acks).toContainEqual({ refused: expect.objectContaining({ code: "file-unreadable" }) }),
  );
  expect(side.keeper.state()).toMatchObject({ head: null, hold: null, nonces: [] });
  isFull = false;
  await sendOrder(hold);
  await arrives(() => expect(fixture.onDisk()?.hold).not.toBeNull());
  await side.refresh();
  expect(fixture.onDisk()?.head?.head.serial).toBe(1);
});

test("a receipt that cannot be kept is said all the same, and what it is about counts", async () => {
  const acks = await fixture.listen();
  fixture.start({
    saveReceipt: () => {
      throw new ChimeraError("file-unreadable", "the disk is full");
    },
  });
  await fixture.put("head", firstHead());
  await arrives(() => expect(acks).toHaveLength(1));
  expect(fixture.onDisk()?.head?.head.serial).toBe(1);
  await arrives(() => expect(fixture.lines.join("")).toContain("document was not stored"));
  expect(fixture.lines.join("")).not.toContain("could not be read");
});
