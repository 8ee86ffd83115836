import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "@chimera/proto/signed/keys";
import { Leaf, worldId } from "@chimera/proto/signed/world";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openWorldStore } from "./world-store.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "chimera-worlds-"));
  for (const folder of ["worlds", "tmp"]) mkdirSync(join(directory, folder));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("answers a thousand nodes that ask at once after a start for about the price of one", async () => {
  const nodeKey = generateKey("n").public;
  const leaves = Array.from({ length: 1000 }, (_, i) =>
    Leaf.parse({
      v: 1,
      fleetId: "f".repeat(64),
      node: `n${i}`,
      nodeKey,
      toplevel: `/nix/store/${"0".repeat(32)}-s`,
      closure: "a".repeat(64),
      closureSize: 1,
      substituters: [],
    }),
  );
  const id = worldId(leaves);
  await openWorldStore(directory).put(id, { v: 1, leaves });
  const one = await cpuMs(() => openWorldStore(directory).prove(id, "n0"));
  const restarted = openWorldStore(directory);
  const all = await cpuMs(() => Promise.all(leaves.map(({ node }) => restarted.prove(id, node))));
  expect(all).toBeLessThan(one * 20);
});

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
