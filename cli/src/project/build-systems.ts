/** SHELL. What `deploy` and `plan` build: the systems of the selected nodes of a project. One that fails and there is none. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import type { System } from "../fleet/head/plan.ts";
import type { BuildReporter } from "../fleet/report/build-reporter.ts";
import type { Io } from "../io.ts";
import { build } from "../nix/build.ts";
import { evaluate, splitInstallable, type Failed, type Wanted } from "../nix/evaluate.ts";
import { flakeInstallable, flakeNodes } from "../nix/flake-nodes.ts";
import { FlakeRef, readProject, type Project } from "./project-file.ts";
import { selectNodes } from "./select-nodes.ts";

export const BuildOptions = z.object({
  target: z.array(z.string()).default([]),
  flake: FlakeRef.optional(),
  file: z.string().optional(),
  evalBatch: z.coerce
    .number()
    .int("a whole number")
    .min(1, "at least 1")
    .max(1000, "at most 1000")
    .optional(),
  maxJobs: z
    .string()
    .regex(/^(\d{1,4}|auto)$/u, "a number or auto")
    .optional(),
});
export type BuildOptions = z.infer<typeof BuildOptions>;

export function addBuildOptions(command: Command): Command {
  return command
    .option("-t, --target <target...>", "node names, @tag, or globs (default: every node of the project)")
    .option("--flake <ref>", "flake whose nixosConfigurations are meant")
    .option("--file <path>", "project file (default: chimera.toml here or in a folder above)")
    .option("--eval-batch <nodes>", "nodes evaluated by one Nix process (default: by free memory)")
    .option("--max-jobs <jobs>", "passed to nix build");
}

/** The project file, with the flake that was typed in place of its own. */
export async function readTypedProject(
  io: Io,
  options: Pick<BuildOptions, "file" | "flake">,
): Promise<Project> {
  return withFlake(io, await readProject(io, options.file), options.flake);
}

/** What is typed is meant from where it is typed, not from the folder of the project file. */
function withFlake(io: Io, project: Project, typed: string | undefined): Project {
  if (typed === undefined) return project;
  const flake = typed.replace(/#$/u, "");
  return { ...project, flake: /^\.{1,2}(?:\/|$)/u.test(flake) ? resolve(io.cwd, flake) : flake };
}

/** Nodes of chimera.toml, and those of the flake when there is one. */
export async function selectSystems(io: Io, project: Project, targets: readonly string[]): Promise<Wanted[]> {
  const ofFlake = project.flake === undefined ? [] : await flakeNodes(io, project.flake, project.folder);
  const names = new Set<string>([...Object.keys(project.nodes), ...ofFlake]);
  const candidates = [...names].map((node) => ({ node, tags: project.nodes[node]?.tags ?? [] }));
  return selectNodes(targets, candidates).map((node) => ({
    node,
    installable: installableOf(project, node),
  }));
}

function installableOf(project: Project, node: NodeName): string {
  const own = project.nodes[node]?.installable;
  if (own !== undefined) {
    splitInstallable(own);
    return own;
  }
  if (project.flake !== undefined) return flakeInstallable(project.flake, node);
  throw new ChimeraError(
    "config-invalid",
    `chimera.toml: nodes.${node} has no installable, and there is no flake`,
  );
}

export async function buildSystems(
  io: Io,
  { wanted, project, reporter }: { wanted: readonly Wanted[]; project: Project; reporter: BuildReporter },
  options: Pick<BuildOptions, "evalBatch" | "maxJobs">,
): Promise<System[]> {
  const { folder } = project;
  const onStart = (nodes: readonly NodeName[]): void => reporter.tell(nodes, { state: "evaluating" });
  const { evaluated, failed } = await evaluate(io, wanted, { folder, batch: options.evalBatch, onStart });
  stopIfFailed(reporter, { failed, total: wanted.length, step: "evaluate" });
  const failedBuilds = await build(io, evaluated, {
    folder,
    maxJobs: options.maxJobs,
    onProgress: (nodes, progress) => reporter.tell(nodes, { state: "building", ...progress }),
    onBuilt: (systems) => {
      for (const { node, toplevel } of systems) reporter.tell([node], { state: "built", toplevel });
    },
  });
  stopIfFailed(reporter, { failed: failedBuilds, total: wanted.length, step: "build" });
  return evaluated;
}

function stopIfFailed(
  reporter: BuildReporter,
  { failed, total, step }: { failed: readonly Failed[]; total: number; step: string },
): void {
  if (failed.length === 0) return;
  for (const { node, reason } of failed) reporter.tell([node], { state: "failed", error: reason });
  const reasons = failed.map(({ node, reason }) => `\n${node}: ${reason.replaceAll("\n", "\n  ")}`).join("");
  throw new ChimeraError(
    "build-failed",
    `${failed.length} of ${total} nodes did not ${step}; nothing was published${reasons}`,
  );
}
