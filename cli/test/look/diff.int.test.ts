/** What lies between two worlds, through the real controller: lists that must be the signed ones, in any of their names. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("closures are compared package by package; worlds are named by serial, time, or as the effective one", async () => {
  const said = await fleet.chimera("diff", "1");
  expect(said).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /^world \w{12} of head 0\.1 by anna -> world \w{12} of head 0\.2 by anna; the effective world[^\n]*\n\nn1: \w{8}-nixos-system-one -> \w{8}-nixos-system-two\nno package has another version or size\nclosure 1000 B -> 1000 B \(\+0 B\)\n\n1 node has the same leaf/u,
    ),
  });
  const json = await fleet.chimera("diff", "now", "1", "--json", "--node", "n1");
  expect(JSON.parse(json.out)).toMatchObject({
    same: 0,
    groups: [
      { pairs: [{ node: "n1", old: toplevel("two"), new: toplevel("one") }], packages: [], rebuilt: 0 },
    ],
  });
});

test("two systems are compared wherever they run or ran, and nothing else is", async () => {
  expect(await fleet.chimera("diff", toplevel("one"), toplevel("two"))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/n1: \w{8}-nixos-system-one -> \w{8}-nixos-system-two/u),
  });
  expect(await fleet.chimera("diff", toplevel("one"), toplevel("none"))).toMatchObject({
    code: 66,
    err: expect.stringContaining("nobody has signed what is in it"),
  });
  expect(await fleet.chimera("diff", "1", toplevel("one"))).toMatchObject({ code: 64 });
  expect(await fleet.chimera("diff", "1", "--node", "n9")).toMatchObject({
    code: 67,
    err: expect.stringContaining("has no node n9"),
  });
});

test("a list that was changed is refused; one that is gone is said beside what is there", async () => {
  const file = join(fleet.dir, "cache", "closure", fleet.leaf("n1", "two").closure);
  const before = await readFile(file, "utf8");
  await writeFile(file, before.replace('"narSize":1000', '"narSize":1001'));
  expect(await fleet.chimera("diff", "1", "2")).toMatchObject({
    code: 65,
    err: expect.stringMatching(/list \w+ of n1: it has the root/u),
  });
  await rm(file);
  expect(await fleet.chimera("diff", "1", "2")).toMatchObject({
    code: 75,
    out: expect.stringMatching(/n1: .*\nthe cache has not \(or no longer\) the list/u),
    err: expect.stringContaining("1 of 1 pairs could not be compared"),
  });
});
