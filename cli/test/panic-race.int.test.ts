/** A panic straight in NATS beside others who write in the same moment. */
import { KeyChain } from "@chimera/proto/api";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { walkFleetKeys } from "../src/fleet/key-chain.ts";
import type { NatsLink } from "../src/nats/connection.ts";
import { storePanic } from "../src/panic/nats-release.ts";
import { names, patience, startPanicFleet, type PanicFleet } from "./panic-fleet.ts";

let fleet: PanicFleet;
beforeEach(async () => {
  fleet = await startPanicFleet();
});
afterEach(() => fleet.close());

test("two operators at once release one panic, and both count the nodes whichever of the two they heard first", async () => {
  // The one that is prepared is of the head before: each signs its own.
  await fleet.publish(names.map((name) => fleet.leaf(name, "three")));
  await fleet.chimera("status");
  const both = ["anna", "bob"].map((reason) =>
    fleet.chimera("panic", "--yes", "--over", "nats", "--reason", reason, "--json"),
  );
  const stored = await vi.waitUntil(() => fleet.storedPanic(), patience);
  await vi.waitUntil(() => fleet.node("n2").panics.length > 0, patience);
  fleet.goBack("n1", stored.id, 3);
  const other = fleet.node("n2").panics.find((id) => id !== stored.id) ?? stored.id;
  const timer = setInterval(() => {
    fleet.goBack("n1", stored.id, 3);
    fleet.goBack("n2", other, 3);
  }, 200);
  const ended = await Promise.all(both);
  clearInterval(timer);
  for (const { code, err, out } of ended) {
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ panic: stored.id, serial: 3 });
  }
});

test("of a head and the panic of the one before, stored in one moment, the first counts, and the other one is told so", async () => {
  const { head, revision } = await fleet.view();
  if (head === null) throw new Error("there is a head");
  const { keySets } = KeyChain.parse((await fleet.http("GET", "/v1/keys")).body);
  const chain = walkFleetKeys(keySets, fleet.fleetId);
  const { roles } = chain.at(-1)?.set ?? {};
  if (roles === undefined) throw new Error("there is a key set");
  const trust = { fleetId: fleet.fleetId, roles, chain, known: new Set<never>(), vouched: undefined };
  const leaves = names.map((name) => fleet.leaf(name, "three"));
  const voided = fleet.asOperator((link) => {
    const late: NatsLink = {
      ...link,
      request: async (subject, text, extra = {}) => {
        if (extra.expectedRevision !== undefined) await fleet.publish(leaves);
        return link.request(subject, text, extra);
      },
    };
    return storePanic({ link: late, fleetId: fleet.fleetId, chain, head, trust }, fleet.prepared);
  });
  await expect(voided).rejects.toMatchObject({
    code: "panic-void",
    message: expect.stringContaining("head 0.3 was stored right before the panic of 0.2"),
  });
  const unaware = { ...head.head, serial: 4, previous: (await fleet.view()).head?.id };
  expect((await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow")).code).toBe(0);
  expect((await fleet.view()).panic?.panic).toMatchObject({ serial: 3, undoes: unaware.previous });
  const envelope = await fleet.sealed("head", unaware, "publish");
  const expectedRevision = (await fleet.view()).revision;
  expect(expectedRevision).toBeGreaterThan(revision);
  const refused = await fleet.http("PUT", "/v1/head", { envelope, expectedRevision });
  expect(refused.body).toMatchObject({ code: "panic-not-followed" });
});
