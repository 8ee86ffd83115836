/** SHELL. Builds evaluated systems, a few Nix processes at a time: one per derivation, so progress and blame are a node's own. */
import { availableParallelism } from "node:os";
import type { NodeName } from "@chimera/proto/names";
import pLimit from "p-limit";
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

const mostProcesses = 4;

/** All are tried, so that one run shows every failure. */
export async function build(io: Io, systems: readonly Evaluated[], options: BuildOptions): Promise<Failed[]> {
  const limit = pLimit(Math.min(mostProcesses, availableParallelism()));
  const groups = [...Map.groupBy(systems, ({ buildable }) => buildable).entries()];
  const failures = await Promise.all(
    groups.map(([buildable, group]) => limit(() => buildOne(io, { buildable, group }, options))),
  );
  return failures.flat();
}

async function buildOne(
  io: Io,
  { buildable, group }: { buildable: string; group: readonly Evaluated[] },
  options: BuildOptions,
): Promise<Failed[]> {
  const nodes = group.map(({ node }) => node);
  const jobs = options.maxJobs === undefined ? [] : ["--max-jobs", options.maxJobs];
  const result = await runNix(io, {
    cwd: options.folder,
    args: ["build", "--json", "--no-link", ...jobs, buildable],
    onProgress: ({ built }) => options.onProgress(nodes, built),
  });
  if (result.kind === "failed") return nodes.map((node) => ({ node, reason: result.log.failure() }));
  options.onBuilt(group);
  return [];
}
