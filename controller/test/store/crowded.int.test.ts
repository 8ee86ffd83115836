/** Many writers at a time, and one who only repeats what is stored: neither keeps others out. */
import { worldId, type Leaf } from "@chimera/proto/signed/world";
import { beforeAll, expect, test } from "vitest";
import {
  bucketState,
  getFleet,
  makeOrder,
  mustPut,
  orderByTurns,
  panicFor,
  publish,
  put,
  pushWorld,
  sealOrder,
  sealPanic,
} from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsController } from "../fixture/raw-nats.ts";
import { makeHead, putHead, startBeside } from "../fixture/test-fleet.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
let leaves: Leaf[];
beforeAll(async () => {
  leaves = await pushWorld(fleet());
  await publish(fleet(), leaves);
});

/** Rejects while the server takes its configuration over. */
async function mayPurge(): Promise<boolean> {
  const { link } = await connectAsController(fleet());
  try {
    await link.request("$JS.API.STREAM.PURGE.chimera_build", "", { timeout: 300 });
    return true;
  } catch {
    return false;
  } finally {
    await link.close();
  }
}

test("writes nothing for a ready panic or an order that is sent again", async () => {
  const { head } = await getFleet(fleet());
  const ready = sealPanic(panicFor(head, worldId(leaves)));
  const order = sealOrder(makeOrder({ nodes: ["n1"] }));
  await mustPut(fleet(), "/v1/panic/ready", ready);
  await mustPut(fleet(), "/v1/orders", order);
  const before = await bucketState(fleet());
  const again = await put(fleet(), "/v1/panic/ready", ready);
  expect(again.status, again.text).toBe(200);
  await mustPut(fleet(), "/v1/orders", order);
  expect(await bucketState(fleet())).toEqual(before);
});

test("says that an order was stored and carried also where its proposal cannot be taken away", async () => {
  const narrow = fleet().natsConfig.replace('"$JS.API.>"', '"$JS.API.STREAM.INFO.>","$JS.API.CONSUMER.>"');
  fleet().nats.reload(narrow);
  await expect.poll(mayPurge, { timeout: 10_000 }).toBe(false);
  await eventually("ready", () => fleet().controller.ready());
  const answer = await put(fleet(), "/v1/orders", sealOrder(makeOrder({ nodes: ["n1"] })));
  fleet().nats.reload(fleet().natsConfig);
  await expect.poll(mayPurge, { timeout: 10_000 }).toBe(true);
  await eventually("ready again", () => fleet().controller.ready());
  expect(answer.json(), answer.text).toMatchObject({ answers: [{ node: "n1", answer: { kind: "silent" } }] });
  expect(fleet().logged.join("")).toContain("proposal not taken away");
}, 30_000);

test("takes each of a crowd of orders, and a head among them, at two controllers", async () => {
  const beside = await startBeside(fleet());
  const { head, revision } = await getFleet(fleet());
  const next = makeHead(leaves, { serial: head.head.serial + 1, previous: head.id });
  const answers = await Promise.all([...orderByTurns(fleet(), beside, 40), putHead(fleet(), next, revision)]);
  await beside.close();
  expect(answers.map(({ status, text }) => (status === 200 ? "" : text)).join("")).toBe("");
});
