/** `chimera panic` without the controller: straight to the real nats-server, with the operator's own nkey. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateNkey } from "@chimera/proto/nkey";
import { payloadOf, seal } from "@chimera/proto/signed/envelope";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backReceipt, names, panicId, patience, startPanicFleet, type PanicFleet } from "./panic-fleet.ts";

let fleet: PanicFleet;
beforeEach(async () => {
  fleet = await startPanicFleet();
});
afterEach(() => fleet.close());

const withoutPanicKey = (text: string) => text.replace(/^panicKeyFile.*$/mu, "");

test("with the controller dead it falls back by itself, needs no key, and is watched by receipts; the controller knows it when it returns", async () => {
  await fleet.changeConfig(withoutPanicKey);
  await fleet.killController();
  const running = fleet.chimera("panic", "--yes", "--out", "receipts.json");
  await fleet.answerAll();
  const { code, out, err } = await running;
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("straight to NATS") });
  expect(err).toContain("the panic is prepared, from NATS");
  expect(err).toMatch(/2 of 2 acknowledged: [^]*2 of 2 active: /u);
  expect(out).toMatch(/n1 +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +committed\n/u);
  expect(fleet.node("n1").panics).toEqual([panicId(fleet.prepared)]);
  await fleet.startController();
  await vi.waitUntil(async () => (await fleet.storedPanic())?.id === panicId(fleet.prepared), patience);
  const checked = await fleet.chimera("receipt", "verify", "receipts.json");
  expect(checked, checked.err).toMatchObject({ code: 0 });
});

test("a controller that only hangs is waited for no longer than 3 s; --over controller waits for it", async () => {
  fleet.freezeController();
  const begun = performance.now();
  const { code, err } = await fleet.chimera("panic", "--yes", "--no-follow");
  expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining("not within 3 s") });
  expect(performance.now() - begun).toBeLessThan(10_000);
  await fleet.killController();
  const only = await fleet.chimera("panic", "--yes", "--over", "controller");
  expect(only).toMatchObject({ code: 69, err: expect.not.stringContaining("straight to NATS") });
});

test("released twice it is stored once, and the second one shows how far the nodes are by what they said before", async () => {
  const first = await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow", "--json");
  expect(JSON.parse(first.out)).toEqual({ type: "released", panic: panicId(fleet.prepared), serial: 2 });
  const { panic } = await fleet.view();
  for (const name of names) {
    const receipt = backReceipt(fleet, name, { id: panicId(fleet.prepared) });
    fleet.node(name).report({ state: "committed", receipt });
  }
  const again = await fleet.chimera("panic", "--yes", "--over", "nats");
  expect(again, again.err).toMatchObject({ code: 0, err: expect.stringContaining("2 of 2 boot it: ") });
  expect((await fleet.view()).panic?.revision).toBe(panic?.revision);
});

test("without JetStream the nodes act on the message, and it is stored for the others as soon as JetStream is back", async () => {
  await fleet.killController();
  await fleet.restartWithoutJetStream();
  await fleet.connectNodes();
  const short = fleet.chimera("panic", "--yes", "--over", "nats");
  await fleet.answerAll();
  const unstored = await short;
  expect(unstored).toMatchObject({
    code: 69,
    err: expect.stringContaining("going by this machine's copy of head 0.2, since JetStream does not answer"),
  });
  expect(unstored.err).toContain("nodes that were away do not hear of it until this is run again");
  expect(unstored.err).toMatch(/2 of 2 acknowledged: [^]*2 of 2 active: /u);
  const [first] = fleet.node("n1").panics;
  const running = fleet.chimera("panic", "--yes", "--over", "nats", "--timeout", "60");
  await vi.waitUntil(() => fleet.node("n1").panics.length > 1, patience);
  await fleet.startController();
  const { id } = await vi.waitUntil(() => fleet.storedPanic(), patience);
  await fleet.connectNodes();
  const timer = setInterval(() => {
    for (const name of names) fleet.goBack(name, id);
  }, 200);
  const { code, err } = await running;
  clearInterval(timer);
  expect(code, err).toBe(0);
  expect(first).toBeDefined();
});

test("what is not signed by the fleet, or behind what this machine has seen, does not mislead it", async () => {
  const stranger = parseSecretKey(generateKey("ops-panic").secret);
  const { head } = await fleet.view();
  const forged = seal(
    "panic",
    { ...JSON.parse(payloadOf(fleet.prepared, "panic").toString()), world: "f".repeat(64) },
    [stranger],
  );
  await fleet.asOperator(async (link) => {
    for (const text of [JSON.stringify(forged), "garbage"]) {
      await link.request(subjects.desired("panic", fleet.fleetId), text);
    }
  });
  await fleet.changeConfig(withoutPanicKey);
  const dry = await fleet.chimera("panic", "--over", "nats", "--dry-run", "--json");
  expect(JSON.parse(dry.out)).toMatchObject({ serial: 2, from: "nats", world: head?.head.revertTo });
  expect((await fleet.chimera("panic", "--yes", "--over", "nats", "--no-follow")).code).toBe(0);
  expect((await fleet.view()).panic?.id).toBe(panicId(fleet.prepared));
});

test("says what is missing: the nkey, its registration, a copy of the world", async () => {
  const whole = await readFile(fleet.configFile, "utf8");
  await fleet.changeConfig((text) => text.replace(/^natsSeedFile.*$/mu, ""));
  expect(await fleet.chimera("panic", "--yes", "--over", "nats")).toMatchObject({
    code: 78,
    err: expect.stringContaining("chimera keys nats"),
  });
  const seedFile = join(fleet.home, "other.seed");
  await writeFile(seedFile, generateNkey().seed, { mode: 0o600 });
  await writeFile(fleet.configFile, whole.replace(/^natsSeedFile.*$/mu, `natsSeedFile = "${seedFile}"`));
  expect(await fleet.chimera("panic", "--yes", "--over", "nats")).toMatchObject({
    code: 77,
    err: expect.stringContaining("chimera-controller operator add"),
  });
  await writeFile(fleet.configFile, whole);
  const { head } = await fleet.view();
  await rm(join(fleet.home, ".local/state/chimera", fleet.fleetId, `world.${head?.head.world}.json`));
  const blind = await fleet.chimera("panic", "--yes", "--over", "nats");
  expect(blind).toMatchObject({ code: 66, err: expect.stringContaining("released: head 2 is undone") });
  expect(blind.err).toContain("no copy of world");
});
