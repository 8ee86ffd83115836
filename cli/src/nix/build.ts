/**
 * SHELL. Builds evaluated systems in one Nix process: two that want the same derivation would wait for each other's lock,
 * which Nix looks at every five seconds. Only when something failed are they tried one by one, to say whose fault it is.
 */
import type { NodeName } from "@chimera/proto/names";
import type { Io } from "../io.ts";
import type { Progress } from "./build-log.ts";
import type { Evaluated, Failed } from "./evaluate.ts";
import { runNix } from "./nix-command.ts";

export interface BuildOptions {
  folder: string;
  maxJobs: string | undefined;
  onProgress(nodes: readonly NodeName[], progress: Progress): void;
  onBuilt(systems: readonly Evaluated[]): void;
}

interface Group {
  buildables: readonly string[];
  systems: readonly Evaluated[];
}

/** All are tried, so that one run shows every failure. */
export async function build(io: Io, systems: readonly Evaluated[], options: BuildOptions): Promise<Failed[]> {
  const groups = [...Map.groupBy(systems, ({ buildable }) => buildable)].map(([buildable, group]): Group => ({
    buildables: [buildable],
    systems: group,
  }));
  const all: Group = { buildables: groups.flatMap(({ buildables }) => buildables), systems };
  const together = await buildGroup(io, all, options);
  if (together.length === 0 || groups.length === 1) return together;
  const failures: Failed[] = [];
  // What could be built is built by now: only the failing ones take time again.
  for (const group of groups) failures.push(...(await buildGroup(io, group, options)));
  return failures;
}

async function buildGroup(io: Io, { buildables, systems }: Group, options: BuildOptions): Promise<Failed[]> {
  const nodes = systems.map(({ node }) => node);
  const jobs = options.maxJobs === undefined ? [] : ["--max-jobs", options.maxJobs];
  const result = await runNix(io, {
    cwd: options.folder,
    args: ["build", "--json", "--no-link", "--keep-going", ...jobs, ...buildables],
    onProgress: ({ built }) => options.onProgress(nodes, built),
  });
  if (result.kind === "failed") return nodes.map((node) => ({ node, reason: result.log.failure() }));
  options.onBuilt(systems);
  return [];
}
