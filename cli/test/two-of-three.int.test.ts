/** Several people of one fleet against the real controller: key sets that change, heads that need two of them, a new root. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { KeyChain, FleetView } from "@chimera/proto/api";
import { z } from "zod";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createColleague, type Colleague } from "./fixture/colleague.ts";
import { startDevFleet, type DevFleet } from "./fixture/dev-fleet.ts";

let fleet: DevFleet;
let bob: Colleague;
let carol: Colleague;
let root: string[];

const Proposed = z.object({ type: z.literal("proposed"), id: z.string() });
const worlds: string[] = [];

beforeAll(async () => {
  fleet = await startDevFleet(["n1", "n2"]);
  for (const word of ["one", "two"]) {
    await fleet.publish([fleet.leaf("n1", word), fleet.leaf("n2", "same")]);
    worlds.push((await newestHead())?.head.world ?? "");
  }
  bob = await createColleague(fleet, "bob");
  carol = await createColleague(fleet, "carol");
  root = ["--root-key", join(fleet.dir, "keys", "root.key")];
}, 60_000);
afterAll(async () => fleet.close());

async function newestHead() {
  return FleetView.parse((await fleet.http("GET", "/v1/fleet")).body).head;
}

async function keySetCount(): Promise<number> {
  return KeyChain.parse((await fleet.http("GET", "/v1/keys")).body).keySets.length;
}

function proposedId(out: string): string {
  return Proposed.parse(JSON.parse(out)).id;
}

test("a dry run shows the change and sends nothing", async () => {
  const { code, out } = await fleet.chimera("keys", "add", "--role", "publish", bob.publicKey, "--dry-run");
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/key set 1 -> 2\n\+ publish bob-publish:\S+\nnothing was signed/u),
  });
  expect(await keySetCount()).toBe(1);
});

test("without a root key nothing is changed, and it says what is missing", async () => {
  const { code, err } = await bob.chimera("keys", "add", "--role", "publish", bob.publicKey);
  expect({ code, err }).toEqual({ code: 78, err: expect.stringMatching(/role root.*rootKeyFile/u) });
  expect(await keySetCount()).toBe(1);
});

test("root adds two people to publish, of whom two must sign from then on", async () => {
  const first = await fleet.chimera("keys", "add", "--role", "publish", bob.publicKey, ...root);
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining("key set 2 is published") });
  const addCarol = ["keys", "add", "--role", "publish", carol.publicKey, "--threshold", "2"];
  const second = await fleet.chimera(...addCarol, ...root);
  expect(second).toMatchObject({ code: 0, out: expect.stringContaining("~ publish threshold 1 -> 2") });
  const { out } = await carol.chimera("keys", "list", "--json");
  expect(JSON.parse(out)).toMatchObject({
    keySet: {
      version: 3,
      roles: expect.arrayContaining([
        {
          role: "publish",
          threshold: 2,
          keys: expect.arrayContaining([
            { name: "carol-publish", publicKey: carol.publicKey, here: "publish.key" },
          ]),
        },
      ]),
    },
  });
});

test("who may not sign alone proposes; the second signature publishes", async () => {
  const proposed = await fleet.chimera("rollback", "--trust-head", await newestId(), "--no-follow", "--json");
  expect(proposed).toMatchObject({ code: 0 });
  const id = proposedId(proposed.out);
  expect((await newestHead())?.head.serial).toBe(2);

  const stranger = await bob.chimera("sign");
  expect(stranger).toMatchObject({
    code: 77,
    err: expect.stringContaining(`--trust-head ${await newestId()}`),
  });
  const listed = await bob.chimera("sign", "--trust-head", await newestId());
  expect(listed.out).toMatch(/head +head 3: rollback of \w+ by anna@\S+ +publish 1 of 2 \(\S+\) +.*open/u);

  const signed = await bob.chimera("sign", id.slice(0, 12), "--yes");
  expect(signed.out).toMatch(/NODE +OLD +NEW[\s\S]*n1 +[\s\S]*1 nodes stay as they are/u);
  expect(signed.out).toMatch(/published head 3: .*publish 2 of 2/u);
  expect((await newestHead())?.head).toMatchObject({
    serial: 3,
    world: worlds[0],
    author: expect.stringMatching(/^anna@/u),
  });
});

async function newestId(): Promise<string> {
  return (await newestHead())?.id ?? "";
}

test("a proposal that another head has overtaken cannot be signed any more", async () => {
  const one = proposedId((await bob.chimera("rollback", "--to", "2", "--no-follow", "--json")).out);
  const two = proposedId((await carol.chimera("rollback", "--to", "2", "--no-follow", "--json")).out);
  expect(one).not.toBe(two);
  expect((await carol.chimera("sign", one, "--yes")).out).toContain("published head 4");
  const late = await bob.chimera("sign", two, "--yes");
  expect(late.code).not.toBe(0);
  expect(late.err).toMatch(/0\.4 was published since|no proposal begins with/u);
});

test("without a terminal nobody is asked, and nothing is signed", async () => {
  const id = proposedId((await bob.chimera("rollback", "--to", "1", "--no-follow", "--json")).out);
  const { code, err } = await carol.chimera("sign", id);
  expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining("--yes signs without asking") });
  const { out } = await carol.chimera("sign", "--json");
  expect(JSON.parse(out)).toMatchObject({
    proposals: expect.arrayContaining([
      expect.objectContaining({
        id,
        over: null,
        signatures: [{ role: "publish", signedBy: ["bob-publish"], threshold: 2 }],
      }),
    ]),
  });
});

test("a new root needs the old one's signature and its own; then the old one counts no more", async () => {
  const next = await createColleague(fleet, "next");
  const file = join(next.home, "publish.key");
  const name = (await readFile(join(fleet.dir, "keys", "root.key"), "utf8")).split(":")[0] ?? "";
  const rotate = ["keys", "rotate", "--role", "root", "--from", name, "--to", next.publicKey];
  const proposed = await fleet.chimera(...rotate, ...root);
  expect(proposed.out).toMatch(/proposed key set 4: signed by old root 1 of 1 \(\S+\), new root 0 of 1/u);
  const id = /chimera sign (\w+)/u.exec(proposed.out)?.[1] ?? "";
  expect(await keySetCount()).toBe(3);

  const signed = await bob.chimera("sign", id, "--root-key", file, "--yes");
  expect(signed).toMatchObject({ code: 0, out: expect.stringMatching(/published key set 4/u) });
  expect(await keySetCount()).toBe(4);

  const old = await fleet.chimera("keys", "renew", ...root);
  expect(old).toMatchObject({
    code: 77,
    err: expect.stringContaining("gives the role root to next-publish"),
  });
  const renewed = await fleet.chimera("keys", "renew", "--new-epoch", "--root-key", file, "--json");
  expect(renewed.code).toBe(0);
  expect(await keySetCount()).toBe(5);
});

test("in the new epoch serials begin again, and open proposals of the old one are over", async () => {
  const { out } = await bob.chimera("sign", "--json");
  expect(out).toContain('"over": "epoch 1 has begun"');
  expect(out).not.toContain('"over": null');
  const id = proposedId((await bob.chimera("rollback", "--to", "1", "--no-follow", "--json")).out);
  const { out: said } = await carol.chimera("sign", id, "--yes", "--json");
  expect(JSON.parse(said)).toMatchObject({ type: "published", document: { epoch: 1, serial: 1 } });
  expect((await newestHead())?.head).toMatchObject({ epoch: 1, serial: 1 });
});
