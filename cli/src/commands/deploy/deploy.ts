/** SHELL. `chimera deploy`: evaluate, build, push, sign, publish, follow. One failed system and nothing is published. */
import type { HeadPolicy } from "@chimera/proto/signed/head";
import type { Command } from "commander";
import { z } from "zod";
import { checkedCacheKeyFile } from "../../context/current-context.ts";
import { createBuildReporter } from "../../fleet/report/build-reporter.ts";
import { nodeKeys } from "../../fleet/node-keys.ts";
import { createOperator } from "../../fleet/operator.ts";
import { headPolicy } from "../../fleet/head/head-policy.ts";
import { publishSystems } from "../../fleet/head/publish-systems.ts";
import { warnOfBase } from "../../fleet/head/warn-of-base.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, addFollowOptions, FleetOptions, FollowOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import type { Wanted } from "../../nix/evaluate.ts";
import { typedPolicy } from "../../policy-options.ts";
import { addRolloutOptions, RolloutOptions, wantedRollout } from "../../rollout/rollout-options.ts";
import {
  addBuildOptions,
  BuildOptions,
  buildSystems,
  readTypedProject,
  selectSystems,
} from "../../project/build-systems.ts";
import type { Project } from "../../project/project-file.ts";
import { addSshDeployOptions, requireOver, SshOptions } from "../../ssh/ssh-options.ts";

const Options = FleetOptions.extend(FollowOptions.shape)
  .extend(RolloutOptions.shape)
  .extend(SshOptions.shape)
  .extend(BuildOptions.shape)
  .extend({ dryRun: z.boolean().default(false) });
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addSshDeployOptions(addBuildOptions(addRolloutOptions(addFollowOptions(addFleetOptions(command)))))
    .description(
      "Build the systems of the selected nodes, push them to the cache, publish a signed head and follow it.",
    )
    .option("--dry-run", "build, then show what would be published; send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera deploy                       # every node of chimera.toml",
        "chimera deploy -t n1 -t @canary      # one node, and all with the tag",
        "chimera deploy -t 'web-*' --dry-run",
        "chimera deploy --flake .#  -t n1 --reason 'new kernel' --reboot when-needed",
        "chimera deploy --reboot window --reboot-window 02:00-04:00",
        "chimera deploy --over ssh -t web-1   # NATS and controller are dead: docs/over-ssh.md",
        "chimera deploy --waves @canary,25%,rest --max-failed 5% --on-failure return",
      ]),
    )
    .action(async (options: unknown) => deploy(io, parseOptions(Options, options)));
}

async function deploy(io: Io, options: Options): Promise<void> {
  const project = await readTypedProject(io, options);
  const policy = headPolicy(typedPolicy(options), project.policy);
  const rollout = wantedRollout(options, project.rollout);
  const wanted = await selectSystems(io, project, options.target);
  requireOver(options);
  if (options.over === "ssh") return deployOverSsh(io, { wanted, project, policy, rollout }, options);
  const operator = await createOperator(io, options);
  warnOfBase(io, operator);
  await checkedCacheKeyFile(operator.context);
  const nodes = wanted.map(({ node }) => node);
  nodeKeys(nodes, { project, leaves: operator.current.leaves, registered: operator.nodes });
  const reporter = createBuildReporter(io, options.dryRun ? undefined : operator.api, options.json);
  await reporter.during(async () => {
    const systems = await buildSystems(io, { wanted, project, reporter }, options);
    await publishSystems(io, { operator, project, reporter, options, policy, rollout }, systems);
  });
}

interface OverSsh {
  wanted: readonly Wanted[];
  project: Project;
  policy: HeadPolicy;
  rollout: object | null;
}

async function deployOverSsh(
  io: Io,
  { wanted, project, policy, rollout }: OverSsh,
  options: Options,
): Promise<void> {
  const { publishOverSsh, refuseOverSsh } = await import("../../ssh/deploy/deploy-over-ssh.ts");
  refuseOverSsh(options, rollout);
  const reporter = createBuildReporter(io, undefined, options.json);
  await reporter.during(async () => {
    const systems = await buildSystems(io, { wanted, project, reporter }, options);
    await publishOverSsh(io, { project, policy, reporter, options }, systems);
  });
}
