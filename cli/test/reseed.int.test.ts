/** A controller whose NATS data are gone: what the operator has seen goes back, and nothing that nodes are past. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { FleetView } from "@chimera/proto/api";
import type { Digest } from "@chimera/proto/names";
import { Envelope } from "@chimera/proto/signed/envelope";
import { worldId } from "@chimera/proto/signed/world";
import { startDevFleet, type DevFleet } from "./fixture/dev-fleet.ts";
import { toplevel } from "./fixture/signed-fleet.ts";

let fleet: DevFleet;

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  await fleet.connectNodes();
  for (const word of ["one", "two", "three"]) {
    await fleet.publish([fleet.leaf("n1", word), fleet.leaf("n2", "same")]);
  }
  await fleet.chimera("quarantine", "add", toplevel("bad"));
});
afterAll(() => fleet.close());

async function newest() {
  const { head } = FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
  return head;
}

/** Until the controller shows what the node says. */
async function report(
  name: string,
  accepted: { serial: number; id: Digest | string; world: string } | null,
): Promise<void> {
  const at = new Date().toISOString();
  fleet
    .node(name)
    .report({ at, accepted: accepted === null ? null : { epoch: 0, acceptedAt: at, ...accepted } });
  await vi.waitUntil(
    async () => JSON.stringify((await fleet.http("GET", `/v1/nodes/${name}`)).body).includes(at),
    {
      timeout: 15_000,
    },
  );
}

test("whatever is lost is noticed before it is built upon, and the way out is named", async () => {
  const before = await newest();
  expect(await fleet.chimera("reseed")).toMatchObject({
    code: 0,
    out: expect.stringContaining("lacks nothing"),
  });
  await fleet.loseNatsData();
  await fleet.connectNodes();
  await report("n1", before === null ? null : { serial: 3, id: before.id, world: before.head.world });
  for (const args of [
    ["rollback", "--no-follow"],
    ["world", "show"],
    ["quarantine", "list"],
  ]) {
    const { code, err } = await fleet.chimera(...args);
    expect({ args, code, err }).toEqual({ args, code: 65, err: expect.stringContaining("chimera reseed") });
  }
});

test("a dry run sends nothing; then head and quarantine are back, bit by bit", async () => {
  const dry = await fleet.chimera("reseed", "--dry-run");
  expect(dry).toMatchObject({
    code: 0,
    out: expect.stringMatching(/would put back head 0\.3\nwould put back quarantine list 1/u),
  });
  expect(await newest()).toBeNull();
  expect(await fleet.chimera("reseed")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/put back head 0\.3\n.*quarantine list 1/u),
  });
  expect(await newest()).toMatchObject({ head: { serial: 3 } });
  expect(await fleet.chimera("world", "verify")).toMatchObject({ code: 0 });
});

test("a copy that was tampered with puts nothing back", async () => {
  await fleet.loseNatsData();
  const folder = join(fleet.home, ".local/state/chimera", fleet.fleetId);
  const bad = join(fleet.home, "bad-copy");
  const head = Envelope.parse(JSON.parse(await readFile(join(folder, "head.0.3.json"), "utf8")));
  const payload = Buffer.from(head.payload, "base64").toString("utf8").replace('"serial":3', '"serial":4');
  const forged = { ...head, payload: Buffer.from(payload).toString("base64") };
  const spoilt: [string, string, RegExp][] = [
    ["head.0.3.json", JSON.stringify(forged), /0 of 1 valid head signatures/u],
    ["head.0.3.json", "{", /not JSON, or not whole/u],
    ["quarantine.1.json", JSON.stringify(head), /payload type/u],
    ["keys.1.json", JSON.stringify(head), /payload type/u],
  ];
  for (const [name, text, says] of spoilt) {
    await rm(bad, { recursive: true, force: true });
    await cp(folder, bad, { recursive: true });
    await writeFile(join(bad, name), text);
    const { code, err } = await fleet.chimera("reseed", "--from", bad);
    expect({ name, failed: code !== 0, err }).toEqual({
      name,
      failed: true,
      err: expect.stringMatching(says),
    });
  }
  await rm(join(bad, "keys.1.json"));
  expect(await fleet.chimera("reseed", "--from", bad)).toMatchObject({
    code: 66,
    err: expect.stringContaining("no key set of this fleet in"),
  });
  expect((await fleet.chimera("reseed", "--from", join(fleet.home, "nowhere"))).code).toBe(66);
  expect(await newest()).toBeNull();
});

test("when nodes are further than the copy, the next head goes above them, on the copy's world", async () => {
  await fleet.connectNodes();
  const unknown = { serial: 7, id: "e".repeat(64), world: "f".repeat(64) };
  await report("n1", unknown);
  await report("n2", null);
  const { code, err, out } = await fleet.chimera("reseed");
  expect({ code, err, out }).toEqual({
    code: 0,
    err: expect.stringMatching(/n1 report 0\.7, the copy has 0\.3.*must exceed serial 7/u),
    out: expect.not.stringContaining("head"),
  });
  expect(await newest()).toBeNull();
  const rollback = await fleet.chimera("rollback", "--to", worldOf("one"), "--no-follow");
  expect(rollback).toMatchObject({ code: 0, err: expect.stringContaining("nodes report head 7") });
  const head = await newest();
  expect(head).toMatchObject({ head: { serial: 8, previous: unknown.id, world: worldOf("one") } });
  expect(await fleet.chimera("rollback", "--to", worldOf("two"), "--no-follow")).toMatchObject({ code: 0 });
  expect(await newest()).toMatchObject({ head: { serial: 9, previous: head?.id } });
  expect(await fleet.chimera("reseed")).toMatchObject({
    code: 0,
    out: expect.stringContaining("lacks nothing"),
  });
});

function worldOf(word: string): string {
  return worldId([fleet.leaf("n1", word), fleet.leaf("n2", "same")]);
}
