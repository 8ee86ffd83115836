/** The stopwatch while it runs: whoever watches sees who is missing before the end. */
import { NodeName } from "@chimera/proto/names";
import { expect, test } from "vitest";
import { testIo } from "../../test/fixture/operator.ts";
import { createSignedFleet } from "../../test/fixture/signed-fleet.ts";
import { verifyHead } from "../fleet/verify-documents.ts";
import { createLiveBlock } from "./live-block.ts";
import type { NodeWord } from "./panic-progress.ts";
import type { PanicRoad } from "./roads/panic-road.ts";
import { watchPanic } from "./watch-panic.ts";

const names = ["a", "b"];
const fleet = createSignedFleet(names);
const { fleetId } = fleet;
const [newest] = fleet.chain;
if (newest === undefined) throw new Error("no keys");
const head = fleet.head(7, fleet.world());
const panic = fleet.panic(head);
const trust = {
  fleetId,
  roles: fleet.roles,
  chain: fleet.chain,
  known: new Set<never>(),
  vouched: undefined,
};
const ground: Pick<PanicRoad, "fleetId" | "chain" | "newest" | "head"> = {
  fleetId,
  chain: fleet.chain,
  newest,
  head: verifyHead(head, trust),
};
const at = "2026-11-29T12:00:00.000Z";

function wordOf(name: string, times: object): NodeWord {
  const receipt = fleet.receipt(name, head, {
    document: { kind: "panic", id: panic.id, epoch: 0, serial: 7 },
    target: null,
    times: { ack: at, active: null, pointer: null, boot: null, ...times },
  });
  return { node: NodeName.parse(name), receipt, state: "committed", problem: null };
}

const done = { active: at, pointer: at, boot: at };

/** What was said by the time of each look; the nodes' words are those of that look. */
async function watched(looks: readonly NodeWord[][], { json = false, errTty = false }) {
  const { io, said } = testIo("/tmp", { errTty });
  const seen: string[] = [];
  const words = looks.values();
  const road: PanicRoad = {
    over: "nats",
    context: { name: "x", controller: "http://127.0.0.1:9", fleetId },
    ...ground,
    ready: () => Promise.reject(new Error("nobody asks")),
    release: () => Promise.reject(new Error("nobody releases")),
    leaves: () => Promise.resolve(head.leaves),
    words: () => Promise.resolve(words.next().value ?? []),
    close: () => Promise.resolve(),
  };
  const sleep = () => {
    seen.push(json ? said.out : said.err);
    return Promise.resolve();
  };
  const block = createLiveBlock({ ...io, sleep });
  await watchPanic(
    block.io,
    { road, next: () => Promise.reject(new Error("the road holds")) },
    {
      panic: { panics: () => new Map([[panic.id, panic.envelope]]), isStored: () => true },
      leaves: head.leaves,
      releasedMs: performance.now(),
      timeoutSeconds: 30,
      json,
      block: errTty ? block : null,
    },
  );
  return { seen, ...said };
}

const looks = [[], [wordOf("a", done)], [wordOf("b", {})], [wordOf("b", done)]];

test("on a terminal the missing nodes are named for each mark, from the first look on", async () => {
  const { seen } = await watched(looks, { errTty: true });
  expect(seen[0]).toMatch(/acknowledged {4}0 of 2, 2 missing: a, b/u);
  expect(seen[1]?.slice(seen[0]?.length)).toMatch(/acknowledged {4}1 of 2, 1 missing: b/u);
  expect(seen[2]?.slice(seen[1]?.length)).toMatch(
    /acknowledged {4}2 of 2[^,]*active {10}1 of 2, 1 missing: b/u,
  );
});

test("a log gets a line for each mark that somebody has reached, when it was reached", async () => {
  const { seen, err } = await watched(looks, {});
  expect(seen[0]).toBe("");
  expect(seen[1]).toMatch(
    /^0\.\d s: 1 of 2 acknowledged: a\n0\.\d s: 1 of 2 active: a\n.* in the profile: a\n.* boot it: a\n$/u,
  );
  expect(seen[2]?.slice(seen[1]?.length)).toMatch(/^0\.\d s: 2 of 2 acknowledged: b\n$/u);
  expect(err).toMatch(/2 of 2 boot it: b\n$/u);
});

function linesOf(text = ""): unknown[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line): unknown => JSON.parse(line));
}

function markOf(node: string, mark: string): object {
  return { type: "mark", node, mark, ms: expect.any(Number) };
}

test("a program gets an object for each node and mark, as it comes", async () => {
  const { seen, out, err } = await watched(looks, { json: true, errTty: true });
  const all = ["ack", "active", "pointer", "boot"];
  expect(seen[0]).toBe("");
  expect(linesOf(seen[1])).toEqual(all.map((name) => markOf("a", name)));
  expect(linesOf(seen[2]).slice(4)).toEqual([markOf("b", "ack")]);
  expect(linesOf(out).slice(5)).toEqual(all.slice(1).map((name) => markOf("b", name)));
  expect(err).toBe("");
});
