/** A panic straight in NATS beside others who write in the same moment. */
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NatsLink } from "../../src/nats/connection.ts";
import { storePanic } from "../../src/panic/roads/nats-release.ts";
import { names, panicId, patience, startPanicFleet, type PanicFleet } from "./panic-fleet.ts";

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
    const last = out.trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ type: "result", panic: stored.id, serial: 3 });
  }
});

const unsent = () => ({ envelope: fleet.prepared, isSent: false });

test("of a head and the panic of the one before, stored in one moment, the first counts, and the other one is told so", async () => {
  const { revision } = await fleet.view();
  const ground = await fleet.openedNow();
  const voided = fleet.asOperator((link) => {
    const late: NatsLink = {
      ...link,
      request: async (subject, text, extra = {}) => {
        if (extra.expectedRevision !== undefined) await fleet.publishNext();
        return link.request(subject, text, extra);
      },
    };
    return storePanic({ ...ground, link: late }, unsent());
  });
  await expect(voided).rejects.toMatchObject({
    code: "panic-void",
    message: expect.stringContaining("head 0.3 was stored right before the panic of 0.2"),
  });
  const unaware = { ...ground.head.head, serial: 4, previous: (await fleet.view()).head?.id };
  expect((await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow")).code).toBe(0);
  expect((await fleet.view()).panic?.panic).toMatchObject({ serial: 3, undoes: unaware.previous });
  const envelope = await fleet.sealed("head", unaware, "publish");
  const expectedRevision = (await fleet.view()).revision;
  expect(expectedRevision).toBeGreaterThan(revision);
  const refused = await fleet.http("PUT", "/v1/head", { envelope, expectedRevision });
  expect(refused.body).toMatchObject({ code: "panic-not-followed" });
});

test("an operator who confirms late writes nothing over the panic of a newer head, or under that head", async () => {
  const ground = await fleet.openedNow();
  await fleet.publishNext();
  await fleet.asOperator(async (link) => {
    const late = () => storePanic({ ...ground, link }, unsent());
    await expect(late()).rejects.toMatchObject({ code: "panic-void" });
    expect(await fleet.onTop(link)).toBeNull();
    const newer = await fleet.panicNewest();
    const before = await fleet.onTop(link);
    await expect(late()).rejects.toMatchObject({
      code: "panic-void",
      message: expect.stringContaining("head 0.3 is newer than 0.2"),
    });
    // Also where NATS shows no head at all: what it does not show may be newer.
    const request: NatsLink["request"] = (subject, ...rest) =>
      subject === subjects.desiredGet("head", fleet.fleetId)
        ? Promise.resolve({ data: new Uint8Array(), code: 404, revision: 0 })
        : link.request(subject, ...rest);
    const blind = storePanic({ ...ground, link: { ...link, request } }, unsent());
    await expect(blind).rejects.toMatchObject({ code: "panic-void" });
    expect(before?.id).toBe(newer);
    expect(await fleet.onTop(link)).toEqual(before);
  });
});

test("a newer head and its panic that come between the look and the write stay on top", async () => {
  const ground = await fleet.openedNow();
  await fleet.asOperator(async (link) => {
    let newer = "";
    const request: NatsLink["request"] = async (subject, text, extra = {}) => {
      if (extra.expectedRevision !== undefined && newer === "") {
        await fleet.publishNext();
        newer = await fleet.panicNewest();
      }
      return link.request(subject, text, extra);
    };
    const late = storePanic({ ...ground, link: { ...link, request } }, unsent());
    await expect(late).rejects.toMatchObject({ code: "panic-void" });
    expect((await fleet.onTop(link))?.id).toBe(newer);
  });
});

test("a panic of a higher place that undoes nothing, by whoever stole the panic key, does not keep this one out", async () => {
  const ground = await fleet.openedNow();
  const nothing = { epoch: 0, serial: 9000, undoes: "9".repeat(64), world: "9".repeat(64), reason: "" };
  const forged = await fleet.sealed("panic", nothing, "panic");
  await fleet.asOperator(async (link) => {
    await link.request(subjects.desired("panic", fleet.fleetId), JSON.stringify(forged));
    expect(await storePanic({ ...ground, link }, unsent())).toMatchObject({ kind: "stored" });
    expect((await fleet.onTop(link))?.id).toBe(panicId(fleet.prepared));
  });
});
