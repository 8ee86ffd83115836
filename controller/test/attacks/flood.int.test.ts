/** What somebody with the controller's NATS credential may pile up: it costs room, and the API goes on. */
import { join } from "node:path";
import { seal } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { getFleet, mustPut, publish, pushWorld } from "../fixture/documents.ts";
import { connectAsController } from "../fixture/raw-nats.ts";
import { startBeside } from "../fixture/test-fleet.ts";
import { fleetId, fleetKeys, makeKeySet } from "../fixture/test-keys.ts";
import { useFleet } from "../fixture/use-fleet.ts";

const fleet = useFleet();
let link: NatsConnection;
beforeAll(async () => {
  ({ link } = await connectAsController(fleet()));
  await publish(fleet(), await pushWorld(fleet()));
});
afterAll(() => link.close());

/** Returns when JetStream has them all. */
async function pile(entries: readonly (readonly [subject: string, bytes: string])[]) {
  const { streams } = await link.jetstreamManager();
  const last = async () => (await streams.info("KV_chimera")).state.last_seq;
  const due = (await last()) + entries.length;
  for (const [subject, bytes] of entries) link.publish(subject, bytes);
  await expect.poll(last, { timeout: 60_000 }).toBeGreaterThanOrEqual(due);
}

test("does not even read thousands of key sets that lead nowhere", async () => {
  await pile(
    Array.from({ length: 2000 }, (_, i) => [subjects.keySet(fleetId, i + 1000), "garbage"] as const),
  );
  expect(await getFleet(fleet())).toMatchObject({ keys: 1, head: { head: { serial: 1 } } });
  const next = seal("keys", makeKeySet({ version: 2, fleetId }), [fleetKeys.root]);
  await mustPut(fleet(), "/v1/keys", next);
  const beside = await startBeside(fleet(), { cacheDir: join(fleet().directory, "empty-cache") });
  expect((await beside.call("/v1/keys")).json().keySets).toHaveLength(2);
  await beside.close();
  expect([...fleet().logged, ...beside.logged].join("")).not.toContain("no envelope");
}, 90_000);
