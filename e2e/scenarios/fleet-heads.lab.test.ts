// Heads that must not count, written straight into NATS by somebody who has the controller's credential.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FleetView, Problem } from "@chimera/proto/api";
import { seal } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { Digest, StorePath } from "@chimera/proto/names";
import { World, worldId } from "@chimera/proto/signed/world";
import { deployWorld, pointersOf, viewOf, waitView } from "../fleet/fleet-stage.ts";
import { operatorKey } from "../fleet/operator-keys.ts";
import { openRawStore, type RawStore } from "../fleet/raw-store.ts";
import { startFleet, type Fleet } from "../fleet/start-fleet.ts";
import { downUnlessInUse } from "../lab/down.ts";
import type { Host } from "../lab/host.ts";

let fleet: Fleet;
let node: Host;
let store: RawStore;
let closeStore = () => Promise.resolve();
/** The last head that was published rightly. */
let newest: Head;

beforeAll(async () => {
  fleet = await startFleet({ nodes: 1 });
  node = fleet.lab.host("n1");
  for (const label of ["first", "second"]) {
    const { code, stderr } = await deployWorld(fleet, label);
    if (code !== 0) throw new Error(`deployment ${label}: ${stderr}`);
  }
  const { head } = FleetView.parse(await (await api("GET", "/v1/fleet")).json());
  if (head === null) throw new Error("no head");
  newest = head.head;
  store = await openRawStore(fleet.lab);
  closeStore = () => store.close();
});
afterAll(async () => {
  await closeStore();
  await downUnlessInUse();
});

describe("a head that must not count", () => {
  const cases: [string, string, (head: Head) => Promise<unknown>][] = [
    ["unsigned", "input-invalid", async (head) => seal("head", { ...head, serial: head.serial + 1 }, [])],
    [
      "signed by a key that nobody trusts",
      "signature-invalid",
      async (head) =>
        seal("head", { ...head, serial: head.serial + 1 }, [
          parseSecretKey(generateKey("lab-publish").secret),
        ]),
    ],
    [
      "of a lower serial",
      "order-stale",
      async (head) => seal("head", { ...head, serial: 1 }, [await operatorKey("publish")]),
    ],
    [
      "expired",
      "head-expired",
      async (head) =>
        seal("head", { ...head, serial: head.serial + 1, notAfter: "2020-01-01T00:00:00Z" }, [
          await operatorKey("publish"),
        ]),
    ],
    [
      "of another fleet",
      "fleet-mismatch",
      async (head) =>
        seal("head", { ...head, serial: head.serial + 1, fleetId: "e".repeat(64) }, [
          await operatorKey("publish"),
        ]),
    ],
    [
      "equal in order but other in bytes",
      "order-equivocation",
      async (head) => seal("head", { ...head, reason: "another" }, [await operatorKey("publish")]),
    ],
    ["no document at all", "input-invalid", async () => "garbage \u001b[2J"],
  ];

  test.each(cases)("%s: refused, reported as %s, nothing changed", async (_, code, make) => {
    const pointers = await pointersOf(node);
    const accepted = (await viewOf(fleet, "n1")).status?.accepted;
    const since = new Date(Date.now() - 1000).toISOString();
    await store.putHead(newest.fleetId, await make(newest));
    const { status } = await waitView(
      fleet,
      "n1",
      (view) => view.status?.problem?.code === code && view.status.problem.at > since,
    );
    expect(status?.accepted).toEqual(accepted);
    expect(await pointersOf(node)).toEqual(pointers);
  });

  test("a world whose closure is nowhere: the controller refuses it, the node asks again and changes nothing", async () => {
    const pointers = await pointersOf(node);
    const world = World.parse(await (await api("GET", `/v1/worlds/${newest.world}`)).json());
    const toplevel = StorePath.parse(`/nix/store/${"0".repeat(32)}-nixos-system-n1-absent`);
    const leaves = world.leaves.map((leaf) => ({ ...leaf, toplevel, closure: Digest.parse("0".repeat(64)) }));
    const id = worldId(leaves);
    expect((await api("PUT", `/v1/worlds/${id}`, { v: 1, leaves })).status).toBe(200);
    const fleetView = FleetView.parse(await (await api("GET", "/v1/fleet")).json());
    // The expired one above is the newest that the operator's key signed: whoever publishes next stands on it.
    const above = fleetView.head;
    if (above === null) throw new Error("no head");
    expect(above.head).toMatchObject({ fleetId: newest.fleetId, serial: newest.serial + 1 });
    const order = { serial: above.head.serial + 1, previous: above.id, world: id };
    const envelope = seal("head", { ...newest, ...order }, [await operatorKey("publish")]);
    const refused = await api("PUT", "/v1/head", { envelope, expectedRevision: fleetView.revision });
    const problem = Problem.parse(await refused.json());
    expect(problem).toMatchObject({ status: 503, code: "closure-unavailable" });
    await store.putHead(newest.fleetId, envelope);
    await waitView(fleet, "n1", ({ status }) => status?.problem?.code === "closure-unavailable");
    expect(await pointersOf(node)).toEqual(pointers);
  });
});

async function api(method: string, path: string, body?: unknown): Promise<Response> {
  const token = (await fleet.lab.host("ws").runChecked(["cat", "/root/.config/chimera/token"])).trim();
  return fetch(`http://${fleet.lab.host("hub").address}:7070${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
