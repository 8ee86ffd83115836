// SHELL. Bench `documents`: what the signed documents cost: to accept a head, to make a world, to name a closure.
import { ChimeraError } from "@chimera/proto/errors";
import { accept } from "@chimera/proto/acceptance/accept";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { closureDigest } from "@chimera/proto/signed/closure";
import type { Report } from "../lab/report.ts";
import { closureOf, documentFleet, signWorld, type DocumentFleet } from "./documents-fleet.ts";
import { atMost, percentiles, type Figure } from "./figures.ts";

const nodes = 10_000;
const worldRuns = 5;
const closurePaths = 5000;
const closureRuns = 20;
const accepts = 2000;
/** Until V8 has compiled it for good: what a compiler thread costs is in the figures too. */
const warmUp = 3000;
const manyAccepts = 20_000;

export function documents(report: Report): Promise<Figure[]> {
  const collect = garbageCollector();
  const fleet = documentFleet();
  report(`${worldRuns} worlds of ${nodes} nodes, built and signed`);
  const worlds = samplesOf(worldRuns, () => signWorld(fleet, nodes));
  report(`${closureRuns} roots over ${closurePaths} paths`);
  const entries = closureOf(closurePaths);
  const closures = samplesOf(closureRuns, () => closureDigest(entries));
  const figures = [1000, nodes].map((size) => {
    report(`${accepts} heads accepted with their proof in a world of ${size}`);
    const samples = acceptSamples(fleet, size);
    return percentiles(size === nodes ? "accept_head_ms" : `accept_head_ms, ${size} nodes`, samples, {
      unit: "ms of CPU",
      bounds: { p50: 1, p99: 1 },
    });
  });
  report(`${manyAccepts} more heads, and what is still held then`);
  const growth = growthOf(fleet, collect);
  return Promise.resolve([
    ...figures,
    percentiles(
      "world_10000_s",
      worlds.map((ms) => ms / 1000),
      { unit: "s of CPU", bounds: { p50: 1, p99: 1 } },
    ),
    percentiles("closure_root_5000_ms", closures, { unit: "ms of CPU", bounds: { p50: 200, p99: 200 } }),
    // A leak of the smallest document, 1 KB at each accept, would be 20 MB; a page allocator's noise is below 8.
    atMost("rss_growth_mb", growth.rssMb, { unit: "MB", n: manyAccepts, bound: 8 }),
    // A leak of 50 bytes at each accept.
    atMost("heap_growth_mb", growth.heapMb, { unit: "MB", n: manyAccepts, bound: 1 }),
  ]);
}

/** CPU time of the whole process, its collector and compiler threads too, in milliseconds. */
function cpuMs(work: () => unknown): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

function samplesOf(runs: number, work: () => unknown): number[] {
  return Array.from({ length: runs }, () => cpuMs(work));
}

/** Each head follows the one before, and comes parsed from JSON, as from the wire. */
function acceptSamples(fleet: DocumentFleet, size: number): number[] {
  const heads = signWorld(fleet, size).heads(warmUp + accepts);
  let { state } = fleet;
  const samples = heads.map((document) => {
    return cpuMs(() => {
      state = accepted(accept(state, document(), fleet.judge));
    });
  });
  return samples.slice(warmUp);
}

function growthOf(fleet: DocumentFleet, collect: () => void): { rssMb: number; heapMb: number } {
  const world = signWorld(fleet, 1000);
  let { state } = fleet;
  const run = (count: number, from: number) => {
    for (let i = 0; i < count; i += 1) state = accepted(accept(state, world.head(from + i), fleet.judge));
  };
  const held = () => {
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed };
  };
  run(manyAccepts / 4, 1);
  const before = held();
  run(manyAccepts, 1 + manyAccepts / 4);
  const after = held();
  return { rssMb: mbOf(after.rss - before.rss), heapMb: mbOf(after.heapUsed - before.heapUsed) };
}

function mbOf(bytes: number): number {
  return Math.max(0, bytes / 2 ** 20);
}

function accepted(verdict: ReturnType<typeof accept>): DocumentFleet["state"] {
  if (verdict.kind === "accepted") return verdict.state;
  throw new ChimeraError("bug", `a head was not accepted: ${JSON.stringify(verdict)}`);
}

/** What is left after it is what is held, not what waits to be collected. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new ChimeraError("bug", "no garbage collector to call");
  return () => {
    Reflect.apply(collect, undefined, []);
  };
}
