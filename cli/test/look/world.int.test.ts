/** Worlds and receipts against the real controller: what it shows is checked, and what was saved is checked without it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FleetView } from "@chimera/proto/api";
import { generateKey, parseSecretKey } from "@chimera/proto/signed/keys";
import { seal } from "@chimera/proto/signed/envelope";
import { ReceiptsFile } from "../../src/receipt/receipts-file.ts";
import { startDevFleet, type DevFleet } from "../fixture/dev-fleet.ts";
import { toplevel } from "../fixture/signed-fleet.ts";

let fleet: DevFleet;

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  await fleet.connectNodes();
  await fleet.publish([fleet.leaf("n1", "one"), fleet.leaf("n2", "same")]);
  await fleet.publish([fleet.leaf("n1", "two"), fleet.leaf("n2", "same")]);
});
afterAll(() => fleet.close());

async function saved(name: string): Promise<string> {
  return readFile(join(fleet.home, name), "utf8");
}

test("the effective world is shown, compared and verified down to its closures", async () => {
  const shown = await fleet.chimera("world", "show");
  expect(shown).toMatchObject({
    code: 0,
    out: expect.stringMatching(/head 0\.2 by anna; the effective world[\s\S]*n1 +.*nixos-system-two/u),
  });
  const diff = await fleet.chimera("world", "diff", "1", "current", "--json");
  expect(JSON.parse(diff.out)).toMatchObject({
    same: 1,
    changes: [{ node: "n1", old: toplevel("one"), new: toplevel("two") }],
  });
  const verified = await fleet.chimera("world", "verify", "--closures");
  expect(verified).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /holds: head 0\.2, signed by .*\(key set 1\)[\s\S]*2 of 2 leaves proven, 2 closure lists/u,
    ),
  });
  expect(await fleet.chimera("world", "verify", "1", "--node", "n1", "--closures")).toMatchObject({
    code: 0,
    out: expect.stringContaining("1 of 2 leaves proven, 1 closure lists"),
  });
});

test("worlds and nodes that are not there are named", async () => {
  expect(await fleet.chimera("world", "show", "99")).toMatchObject({
    code: 66,
    err: expect.stringContaining('"99"'),
  });
  expect((await fleet.chimera("world", "verify", "--node", "n9")).code).not.toBe(0);
  expect(await fleet.chimera("world", "verify", "ab".repeat(32))).toMatchObject({ code: 66 });
});

test("a closure list that was changed in the cache is found", async () => {
  const { closure } = fleet.leaf("n1", "two");
  const file = join(fleet.dir, "cache", "closure", closure);
  const before = await readFile(file);
  await writeFile(file, before.toString("utf8").replace('"narSize":1000', '"narSize":1001'));
  const { code, err } = await fleet.chimera("world", "verify", "--closures");
  await writeFile(file, before);
  expect({ code, err }).toMatchObject({
    code: expect.any(Number),
    err: expect.stringMatching(/closure list.*n1/u),
  });
  expect(code).not.toBe(0);
});

describe("a saved world", () => {
  beforeAll(async () => {
    await fleet.chimera("world", "show", "--save", "world.json");
  });
  test("holds without network and configuration", async () => {
    const file = await saved("world.json");
    await writeFile(join(fleet.home, "world.json"), file);
    expect(await offline()).toMatchObject({ code: 0, out: expect.stringContaining("2 of 2 leaves proven") });
    expect(await offline("--node", "n2")).toMatchObject({
      code: 0,
      out: expect.stringContaining("1 of 2 leaves"),
    });
  });
  test.each<[string, (text: string) => string, RegExp]>([
    [
      "with a swapped leaf",
      (text) => text.replaceAll(toplevel("two"), toplevel("evil")),
      /a leaf was changed/u,
    ],
    ["with a node twice", (text) => text.replaceAll('"node":"n2"', '"node":"n1"'), /node n1 has two leaves/u],
    [
      "of another fleet",
      (text) => text.replace(/("leaves":.*)/u, (leaves) => leaves.replaceAll(fleet.fleetId, "0".repeat(64))),
      /is of fleet 0000/u,
    ],
    ["cut off", (text) => text.slice(0, text.length / 2), /not JSON, or not whole/u],
    ["that is only depth", () => "[".repeat(200_000), /not JSON|expected object/u],
    ["that is whole depth", () => `${"[".repeat(50_000)}${"]".repeat(50_000)}`, /expected object/u],
    ["without its head", (text) => text.replace(/"head":\{.*?\]\}/u, '"head":null'), /no signed head/u],
    [
      "without key sets",
      (text) => text.replace(/"keySets":\[.*?\],"head"/u, '"keySets":[],"head"'),
      /keySets/u,
    ],
  ])("%s does not hold", async (_, spoil, says) => {
    const whole = await saved("world.json");
    await writeFile(join(fleet.home, "world.json"), spoil(whole));
    const { code, err } = await offline();
    await writeFile(join(fleet.home, "world.json"), whole);
    expect({ code: code === 0 ? "holds" : "refused", err }).toEqual({
      code: "refused",
      err: expect.stringMatching(says),
    });
  });
  test("is not believed what fleet it is of", async () => {
    const { code, err } = await fleet.chimera(
      "world",
      "verify",
      "--file",
      "world.json",
      "--fleet",
      "0".repeat(64),
    );
    expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("[fleet-mismatch]") });
  });
  test("larger than any world is not read to its end", async () => {
    const { code, err } = await fleet.chimera(
      "world",
      "verify",
      "--file",
      "/dev/zero",
      "--fleet",
      fleet.fleetId,
    );
    expect({ code, err }).toEqual({ code: 65, err: expect.stringContaining("[body-too-large]") });
  }, 30_000);
});

describe("receipts", () => {
  test("are saved with all that proves them, and hold without anybody's help", async () => {
    fleet.node("n1").report({ receipt: await receiptOf("n1", "two") });
    fleet.node("n2").report({ receipt: await receiptOf("n2", "same") });
    await vi.waitUntil(
      async () => (await fleet.chimera("receipt", "save", "--out", "r.json")).out.includes("saved 2"),
      {
        timeout: 20_000,
      },
    );
    expect(await verifyReceipts()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/n1 +head 0\.2 +committed .* holds[\s\S]*n2 +head 0\.2/u),
    });
    expect(await fleet.chimera("receipt", "save", "1", "--out", "none.json")).toMatchObject({
      code: 66,
      err: expect.stringMatching(
        /n1: not saved: its newest receipt is of head 2[\s\S]*no node has a receipt/u,
      ),
    });
  });
  test("of another node's key do not hold", async () => {
    const whole = await saved("r.json");
    const file = ReceiptsFile.parse(JSON.parse(whole));
    const others = file.receipts.map(({ receipt }) => receipt).toReversed();
    const receipts = file.receipts.map((one, i) => ({ ...one, receipt: others[i] }));
    await writeFile(join(fleet.home, "r.json"), JSON.stringify({ ...file, receipts }));
    const { code, err } = await verifyReceipts();
    await writeFile(join(fleet.home, "r.json"), whole);
    expect({ code, err }).toEqual({
      code: 77,
      err: expect.stringMatching(/2 of 2 receipts do not hold: n/u),
    });
  });
  test("under a forged head or another fleet's keys do not hold", async () => {
    const whole = await saved("r.json");
    const file = ReceiptsFile.parse(JSON.parse(whole));
    const stranger = parseSecretKey(generateKey("dev-publish").secret);
    const [document] = file.documents;
    const head: unknown = JSON.parse(Buffer.from(document?.payload ?? "", "base64").toString("utf8"));
    const spoilt: [object, RegExp][] = [
      [{ documents: [seal("head", head, [stranger])] }, /signature-invalid/u],
      [{ keySets: [document] }, /payload type/u],
      [{ keySets: [...file.keySets, ...file.keySets] }, /twice/u],
      [{ receipts: [] }, /has no receipts/u],
    ];
    for (const [changes, says] of spoilt) {
      await writeFile(join(fleet.home, "r.json"), JSON.stringify({ ...file, ...changes }));
      const { code, err } = await verifyReceipts();
      expect({ code: code === 0, err }).toEqual({ code: false, err: expect.stringMatching(says) });
    }
    await writeFile(join(fleet.home, "r.json"), whole);
  });
});

function offline(...more: string[]) {
  return fleet.chimera("world", "verify", "--file", "world.json", "--fleet", fleet.fleetId, ...more);
}

function verifyReceipts() {
  return fleet.chimera("receipt", "verify", "r.json", "--fleet", fleet.fleetId);
}

/** About head 2. */
async function receiptOf(name: string, word: string) {
  const { head } = FleetView.parse((await fleet.http("GET", "/v1/fleet")).body);
  const id = head?.id ?? "";
  const runs = { target: toplevel(word), current: toplevel(word) };
  const document = { kind: "head", id, epoch: 0, serial: 2 };
  return fleet.node(name).receiptOf(id, { document, state: "committed", ...runs });
}
