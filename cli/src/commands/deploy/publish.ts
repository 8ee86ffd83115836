/** SHELL. `chimera publish node=path…`: systems that are in the local store already. */
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName, StorePath } from "@chimera/proto/names";
import type { Command } from "commander";
import { z } from "zod";
import { checkedCacheKeyFile } from "../../context/current-context.ts";
import { createBuildReporter } from "../../fleet/report/build-reporter.ts";
import { nodeKeys } from "../../fleet/node-keys.ts";
import { createOperator } from "../../fleet/operator.ts";
import { headPolicy } from "../../fleet/head/head-policy.ts";
import type { System } from "../../fleet/head/plan.ts";
import { publishSystems } from "../../fleet/head/publish-systems.ts";
import { warnOfBase } from "../../fleet/head/warn-of-base.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, addFollowOptions, FleetOptions, FollowOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { typedPolicy } from "../../policy-options.ts";
import { addRolloutOptions, RolloutOptions, wantedRollout } from "../../rollout/rollout-options.ts";
import { readProject } from "../../project/project-file.ts";
import { addSshDeployOptions, requireOver, SshOptions } from "../../ssh/ssh-options.ts";

const Options = FleetOptions.extend(FollowOptions.shape)
  .extend(RolloutOptions.shape)
  .extend(SshOptions.shape)
  .extend({
    file: z.string().optional(),
    dryRun: z.boolean().default(false),
  });

export function addPublishOptions(command: Command): Command {
  return addRolloutOptions(addFollowOptions(addFleetOptions(command)))
    .argument("<node=path...>", "a node and the store path of its system")
    .option("--file <path>", "project file (default: chimera.toml here or in a folder above)")
    .option("--dry-run", "show what would be published; send nothing");
}

export function define(command: Command, io: Io): void {
  addSshDeployOptions(addPublishOptions(command))
    .description(
      "Push systems of the local store to the cache, publish a signed head with them and follow it.",
    )
    .addHelpText(
      "after",
      examples([
        "chimera publish n1=/nix/store/…-nixos-system-n1",
        "chimera publish n1=$A n2=$B --reason 'first world' --json",
      ]),
    )
    .action(async (assignments: unknown, options: unknown) =>
      publish(io, z.array(z.string()).parse(assignments), options),
    );
}

export async function publish(io: Io, assignments: readonly string[], given: unknown): Promise<void> {
  const options = parseOptions(Options, given);
  const systems = parseAssignments(assignments);
  const project = await readProject(io, options.file);
  const policy = headPolicy(typedPolicy(options), project.policy);
  const rollout = wantedRollout(options, project.rollout);
  requireOver(options);
  if (options.over === "ssh") {
    const { publishOverSsh, refuseOverSsh } = await import("../../ssh/deploy/deploy-over-ssh.ts");
    refuseOverSsh(options, rollout);
    const reporter = createBuildReporter(io, undefined, options.json);
    await reporter.during(() => publishOverSsh(io, { project, policy, reporter, options }, systems));
    return;
  }
  const operator = await createOperator(io, options);
  warnOfBase(io, operator);
  await checkedCacheKeyFile(operator.context);
  const nodes = systems.map(({ node }) => node);
  nodeKeys(nodes, { project, leaves: operator.current.leaves, registered: operator.nodes });
  const reporter = createBuildReporter(io, options.dryRun ? undefined : operator.api, options.json);
  await reporter.during(() =>
    publishSystems(io, { operator, project, reporter, options, policy, rollout }, systems),
  );
}

/** Throws input-invalid with the assignment that is wrong. */
export function parseAssignments(assignments: readonly string[]): System[] {
  const systems = assignments.map((text) => {
    const [name = "", ...rest] = text.split("=");
    const node = NodeName.safeParse(name);
    const toplevel = StorePath.safeParse(rest.join("=").replace(/\/+$/u, ""));
    if (!node.success) throw new ChimeraError("input-invalid", `"${text}": ${node.error.issues[0]?.message}`);
    if (!toplevel.success)
      throw new ChimeraError("input-invalid", `"${text}": ${toplevel.error.issues[0]?.message}`);
    return { node: node.data, toplevel: toplevel.data };
  });
  const twice = systems.find(({ node }, i) => systems.findIndex((other) => other.node === node) !== i);
  if (twice !== undefined) throw new ChimeraError("input-invalid", `node ${twice.node} is named twice`);
  return systems;
}
