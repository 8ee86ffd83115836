import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import { generateKey } from "@chimera/proto/signed/keys";
import { expect, test } from "vitest";
import { readLists, type ListSource } from "./read-lists.ts";

const listOf = (name: string): WaveList => ({
  v: 1,
  kind: "wave",
  nodes: [{ node: NodeName.parse(name), nodeKey: generateKey(name).public }],
});
const [a, b] = [listOf("n1"), listOf("n2")];
const digests = [a, b].map((list) => waveDigest(list));
const away = () => Promise.reject(new ChimeraError("closure-unavailable", "the controller is away"));

function source(over: Partial<ListSource> = {}) {
  const kept: unknown[] = [];
  const said: string[] = [];
  const parts: ListSource = {
    kept: [],
    keep: (lists) => kept.push(lists),
    fetch: away,
    isWanted: () => true,
    againMs: 10,
    say: (line) => said.push(line),
    ...over,
  };
  return { parts, kept, said };
}

test("what an earlier run has kept is enough, in the head's order, with the controller away", async () => {
  const { parts, kept } = source({ kept: [b, a] });
  expect(await readLists(digests, parts)).toEqual([a, b]);
  expect(kept).toEqual([{ v: 1, lists: [a, b] }]);
});

test("a controller that is away is asked again until it answers, and that is said", async () => {
  let tries = 0;
  const fetch: ListSource["fetch"] = (digest) => {
    tries += 1;
    if (tries <= 4) return away();
    return Promise.resolve(digest === digests[0] ? a : b);
  };
  const { parts, said } = source({ fetch });
  expect(await readLists(digests, parts)).toEqual([a, b]);
  expect(said[0]).toBe("waits for the lists of the waves: the controller is away");
});

test("when another document is accepted meanwhile, nobody waits any longer", async () => {
  let isWanted = true;
  const { parts } = source({ isWanted: () => isWanted });
  const reading = readLists(digests, parts);
  setTimeout(() => (isWanted = false), 50);
  expect(await reading).toBeNull();
});
