/** SHELL. `chimera deploy`: evaluate, build, push, sign, publish, follow. One failed system and nothing is published. */
import { resolve } from "node:path";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { checkedCacheKeyFile } from "../context/current-context.ts";
import { createBuildReporter, type BuildReporter } from "../fleet/report/build-reporter.ts";
import { nodeKeys } from "../fleet/node-keys.ts";
import { createOperator } from "../fleet/operator.ts";
import { headPolicy } from "../fleet/head/head-policy.ts";
import type { System } from "../fleet/head/plan.ts";
import { publishSystems } from "../fleet/head/publish-systems.ts";
import type { Io } from "../io.ts";
import { build } from "../nix/build.ts";
import { evaluate, splitInstallable, type Failed, type Wanted } from "../nix/evaluate.ts";
import { flakeInstallable, flakeNodes } from "../nix/flake-nodes.ts";
import {
  addFleetOptions,
  addFollowOptions,
  examples,
  FleetOptions,
  FollowOptions,
  parseOptions,
} from "../options.ts";
import { typedPolicy } from "../policy-options.ts";
import { addRolloutOptions, RolloutOptions, wantedRollout } from "../rollout/rollout-options.ts";
import { FlakeRef, readProject, type Project } from "../project/project-file.ts";
import { selectNodes } from "../project/select-nodes.ts";

const Options = FleetOptions.extend(FollowOptions.shape)
  .extend(RolloutOptions.shape)
  .extend({
    target: z.array(z.string()).default([]),
    flake: FlakeRef.optional(),
    file: z.string().optional(),
    dryRun: z.boolean().default(false),
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
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addRolloutOptions(addFollowOptions(addFleetOptions(command)))
    .description(
      "Build the systems of the selected nodes, push them to the cache, publish a signed head and follow it.",
    )
    .option("-t, --target <target...>", "node names, @tag, or globs (default: every node of the project)")
    .option("--flake <ref>", "flake whose nixosConfigurations are deployed")
    .option("--file <path>", "project file (default: chimera.toml here or in a folder above)")
    .option("--eval-batch <nodes>", "nodes evaluated by one Nix process (default: by free memory)")
    .option("--max-jobs <jobs>", "passed to nix build")
    .option("--dry-run", "build, then show what would be published; send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera deploy                       # every node of chimera.toml",
        "chimera deploy -t n1 -t @canary      # one node, and all with the tag",
        "chimera deploy -t 'web-*' --dry-run",
        "chimera deploy --flake .#  -t n1 --reason 'new kernel' --reboot when-needed",
        "chimera deploy --reboot window --reboot-window 02:00-04:00",
        "chimera deploy --waves @canary,25%,rest --max-failed 5% --on-failure return",
      ]),
    )
    .action(async (options: unknown) => deploy(io, parseOptions(Options, options)));
}

async function deploy(io: Io, options: Options): Promise<void> {
  const project = withFlake(io, await readProject(io, options.file), options.flake);
  const policy = headPolicy(typedPolicy(options), project.policy);
  const rollout = wantedRollout(options, project.rollout);
  const wanted = await selectSystems(io, project, options.target);
  const operator = await createOperator(io, options);
  await checkedCacheKeyFile(operator.context);
  const nodes = wanted.map(({ node }) => node);
  nodeKeys(nodes, { project, leaves: operator.current.leaves, registered: operator.nodes });
  const reporter = createBuildReporter(io, options.dryRun ? undefined : operator.api, options.json);
  await reporter.during(async () => {
    const systems = await buildSystems(io, { wanted, project, reporter }, options);
    await publishSystems(io, { operator, project, reporter, options, policy, rollout }, systems);
  });
}

/** What is typed is meant from where it is typed, not from the folder of the project file. */
function withFlake(io: Io, project: Project, typed: string | undefined): Project {
  if (typed === undefined) return project;
  const flake = typed.replace(/#$/u, "");
  return { ...project, flake: /^\.{1,2}(?:\/|$)/u.test(flake) ? resolve(io.cwd, flake) : flake };
}

/** Nodes of chimera.toml, and those of the flake when there is one. */
async function selectSystems(io: Io, project: Project, targets: readonly string[]): Promise<Wanted[]> {
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

async function buildSystems(
  io: Io,
  { wanted, project, reporter }: { wanted: readonly Wanted[]; project: Project; reporter: BuildReporter },
  options: Options,
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
