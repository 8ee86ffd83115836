/** The controller's only key: what it says with it, how often, and what it does where the key is not the fleet's. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seal } from "@chimera/proto/signed/envelope";
import { openFresh, type Fresh } from "@chimera/proto/signed/fresh";
import { generateKey } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publish, put, pushWorld } from "../fixture/documents.ts";
import { eventually } from "../fixture/nats-server.ts";
import { connectAsNode } from "../fixture/raw-nats.ts";
import { startBeside, startTestFleet, type TestFleet } from "../fixture/test-fleet.ts";
import { fleetId, fleetKeys, makeKeySet, roleOf } from "../fixture/test-keys.ts";

const key = generateKey("hub-fresh");
const poll = { timeout: 15_000 };
let fleet: TestFleet;
let freshKeyFile: string;
beforeEach(async () => {
  fleet = await startTestFleet();
  freshKeyFile = join(fleet.directory, "fresh.key");
  writeFileSync(freshKeyFile, `${key.secret}\n`, { mode: 0o600 });
});
afterEach(() => fleet.stop());

function withFreshRole() {
  const roles = { fresh: { keys: [key.public], threshold: 1 } };
  return seal("keys", makeKeySet({ version: 2, fleetId, roles }), [fleetKeys.root]);
}

async function newest(): Promise<Fresh | null> {
  const n1 = await connectAsNode(fleet, "n1");
  const got = await n1.request(subjects.desiredGet("fresh", fleetId), "");
  await n1.close();
  if (got.headers?.code === 404) return null;
  return openFresh(got.json(), { keys: [key.public], threshold: 1 }).fresh;
}

test("says which head is the newest after its start, after each head, and every few moments", async () => {
  await put(fleet, "/v1/keys", withFreshRole());
  const hub = await startBeside(fleet, { freshKeyFile }, 200);
  await eventually("said after the start", async () => (await newest()) !== null);
  expect(await newest()).toMatchObject({ fleetId, head: null, revision: 0 });
  const leaves = await pushWorld(fleet);
  const { id, revision } = await publish({ ...fleet, call: hub.call }, leaves);
  await eventually("said after the head", async () => (await newest())?.head?.id === id);
  expect(await newest()).toMatchObject({ head: { epoch: 0, serial: 1, id }, revision });
  const { at } = (await newest()) ?? { at: "" };
  await eventually("said again", async () => Date.parse((await newest())?.at ?? "") > Date.parse(at));
  await hub.close();
});

test("says it at once under a new key set, since nodes forget what an older one vouched for", async () => {
  const hub = await startBeside(fleet, { freshKeyFile });
  expect((await hub.call("/v1/keys", { method: "PUT", body: { envelope: withFreshRole() } })).status).toBe(
    200,
  );
  await eventually("said", async () => (await newest()) !== null);
  await hub.close();
});

test("says nothing with a key that the newest key set does not have, and complains once", async () => {
  const hub = await startBeside(fleet, { freshKeyFile }, 50);
  const complaints = () => hub.logged.filter((line) => line.includes("freshness is not said"));
  await eventually("complaint", () => complaints().length > 0);
  expect(complaints()[0]).toContain(key.public.split(":")[0]);
  expect(complaints().join("")).not.toContain(key.secret.split(":")[1]);
  expect(await newest()).toBeNull();
  expect(complaints()).toHaveLength(1);
  await hub.close();
});

test("complains where the fleet counts on an online key and this controller has none", async () => {
  await put(fleet, "/v1/keys", withFreshRole());
  await expect.poll(() => fleet.logged.join(""), poll).toContain("freshKeyFile is not set");
});

test("does not start with a key file that others may read, or with one that is none", async () => {
  chmodSync(freshKeyFile, 0o644);
  await expect(startBeside(fleet, { freshKeyFile })).rejects.toThrow(
    /freshKeyFile .*fresh\.key: others may read it/,
  );
  const none = join(fleet.directory, "none.key");
  await expect(startBeside(fleet, { freshKeyFile: none })).rejects.toThrow(/freshKeyFile .*none\.key/);
  writeFileSync(none, "hub-fresh:AAAA", { mode: 0o600 });
  await expect(startBeside(fleet, { freshKeyFile: none })).rejects.toThrow(/none\.key/);
});

test("takes a role of two online keys for one that it cannot fill alone", async () => {
  const roles = { fresh: { ...roleOf(fleetKeys.fresh, fleetKeys.root), threshold: 2 } };
  await put(fleet, "/v1/keys", seal("keys", makeKeySet({ version: 2, fleetId, roles }), [fleetKeys.root]));
  const hub = await startBeside(fleet, { freshKeyFile });
  await expect.poll(() => hub.logged.join(""), poll).toContain("freshness is not said");
  await hub.close();
});
