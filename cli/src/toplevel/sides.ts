/** SHELL. What a plan compares: two paths, two worlds, or what the fleet shall run now with what is built here. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, StorePath, type NodeName } from "@chimera/proto/names";
import type { NodeView } from "@chimera/proto/api";
import { showPlace } from "@chimera/proto/signed/place";
import type { Leaf } from "@chimera/proto/signed/world";
import { readToken, type NamedContext } from "../context/current-context.ts";
import { createReader } from "../documents/fleet-reader.ts";
import { createBuildReporter } from "../fleet/report/build-reporter.ts";
import { createObserver, type Observer } from "../fleet/operator.ts";
import type { ApiClient } from "../api/api-client.ts";
import type { Io } from "../io.ts";
import {
  buildSystems,
  readTypedProject,
  selectSystems,
  type BuildOptions,
} from "../project/build-systems.ts";
import type { Said } from "../plan/node/judge-space.ts";
import { selectNodes } from "../project/select-nodes.ts";
import { headText, readWorld } from "../world/read-world.ts";
import type { Cache } from "./fetch-toplevel.ts";
import type { WantedSystem } from "./gather-systems.ts";
import type { Pair } from "./plan-pairs.ts";

export interface Sides {
  /** In words. */
  from: string;
  to: string;
  pairs: Pair[];
  wanted: WantedSystem[];
  /** Null where there is no fleet to fetch from. */
  cache: Cache | null;
}

type SideOptions = BuildOptions & { context?: string | undefined; json: boolean };

/** Two systems of the local store, or links to them. */
export function typedSides(io: Io, from: string | undefined, to: string | undefined): Sides {
  if (from === undefined || to === undefined) {
    throw new ChimeraError("usage", "give both --from and --to where one of them is a path");
  }
  const [old, next] = [toplevelOf(io, from), toplevelOf(io, to)];
  const said: Said = { kind: "nothing", because: "two systems were typed, and no node was asked" };
  const pairs = [{ node: null, from: old, to: next, said }];
  const wanted = [old, next].map((toplevel) => ({ toplevel, leaf: null }));
  return { from: old, to: next, pairs, wanted, cache: null };
}

function toplevelOf(io: Io, typed: string): StorePath {
  const path = StorePath.safeParse(typed);
  if (path.success) return path.data;
  const found = StorePath.safeParse(linkTarget(resolve(io.cwd, typed)));
  if (found.success) return found.data;
  throw new ChimeraError("not-found", `"${typed}" is no store path and no link to one`);
}

function linkTarget(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Nothing is built; nodes that only one of the worlds has are told. */
export async function worldSides(
  io: Io,
  words: { from: string; to: string },
  options: SideOptions,
): Promise<Sides> {
  const reader = await createReader(io, options.context);
  const [from, to, nodes] = await Promise.all([
    readWorld(io, reader, words.from),
    readWorld(io, reader, words.to),
    reader.api.nodes(),
  ]);
  const names = new Set([...from.leaves, ...to.leaves].map(({ node }) => node));
  const tags = await tagsOf(io, options);
  const candidates = [...names].map((node) => ({ node, tags: tags.get(node) ?? [] }));
  const selected = selectNodes(options.target, candidates);
  const paired = pairsOf(selected, [from.leaves, to.leaves], nodes);
  const cache = await cacheOf(reader.context, reader.api);
  return { from: headText(from), to: headText(to), ...paired, cache };
}

/** Tags are the project's; without an @tag nobody needs one. */
async function tagsOf(io: Io, options: SideOptions): Promise<Map<string, readonly string[]>> {
  if (!options.target.some((target) => target.startsWith("@"))) return new Map();
  const { nodes } = await readTypedProject(io, options);
  return new Map(Object.entries(nodes).map(([node, { tags }]) => [node, tags]));
}

/** As `deploy` builds them. */
export async function builtSides(io: Io, options: SideOptions): Promise<Sides> {
  const project = await readTypedProject(io, options);
  const selected = await selectSystems(io, project, options.target);
  const observer = await createObserver(io, options);
  const reporter = createBuildReporter(io, undefined, options.json);
  const systems = await reporter.during(() =>
    buildSystems(io, { wanted: selected, project, reporter }, options),
  );
  const { leaves } = observer.current;
  const old = new Map(leaves.map((leaf) => [leaf.node, leaf]));
  const pairs = systems.map(({ node, toplevel }) => ({
    node,
    from: old.get(node)?.toplevel ?? null,
    to: toplevel,
    said: saidBy(observer.nodes, node),
  }));
  const built = new Set(systems.map(({ node }) => node));
  const wanted = [
    ...systems.map(({ toplevel }) => ({ toplevel, leaf: null })),
    ...leaves.filter(({ node }) => built.has(node)).map((leaf) => ({ toplevel: leaf.toplevel, leaf })),
  ];
  const cache = await cacheOf(observer.context, observer.api);
  return { from: effectiveText(observer), to: "what is built here", pairs, wanted, cache };
}

function effectiveText({ current: { effective } }: Observer): string {
  if (effective.kind === "none") return "nothing: the fleet has no head yet";
  return `world ${shortDigest(effective.world)}, which the fleet shall run now (${showPlace(effective.place)})`;
}

function pairsOf(
  names: readonly NodeName[],
  [before, after]: readonly [readonly Leaf[], readonly Leaf[]],
  views: readonly NodeView[],
): Pick<Sides, "pairs" | "wanted"> {
  const [old, next] = [before, after].map((leaves) => new Map(leaves.map((leaf) => [leaf.node, leaf])));
  const leaves = names.flatMap((node) => [old?.get(node) ?? [], next?.get(node) ?? []].flat());
  return {
    pairs: names.map((node) => ({
      node,
      from: old?.get(node)?.toplevel ?? null,
      to: next?.get(node)?.toplevel ?? null,
      said: saidBy(views, node),
    })),
    wanted: leaves.map((leaf) => ({ toplevel: leaf.toplevel, leaf })),
  };
}

function saidBy(views: readonly NodeView[], name: NodeName): Said {
  const health = views.find(({ node }) => node === name)?.health ?? null;
  return health === null
    ? { kind: "nothing", because: "it has not said yet what is free" }
    : { kind: "health", health };
}

async function cacheOf(context: NamedContext, api: ApiClient): Promise<Cache> {
  const controller = context.controller.replace(/\/+$/u, "");
  return { api, controller, token: await readToken(context, "cache") };
}
