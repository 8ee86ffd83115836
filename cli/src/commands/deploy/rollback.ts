/** SHELL. `chimera rollback`: a new head, with a higher serial, for an earlier world. Nothing is built or pushed. */
import type { Command } from "commander";
import { z } from "zod";
import { refuseQuarantined } from "../../fleet/head/refuse-quarantined.ts";
import { wantedWorld } from "../../fleet/head/wanted-world.ts";
import { verifiedWorld } from "../../fleet/current-fleet.ts";
import { finish } from "../../fleet/follow/finish.ts";
import { createOperator, type Operator } from "../../fleet/operator.ts";
import { headPolicy } from "../../fleet/head/head-policy.ts";
import { publishHead } from "../../fleet/head/publish-head.ts";
import { warnOfBase } from "../../fleet/head/warn-of-base.ts";
import type { Io } from "../../io.ts";
import {
  addFleetOptions,
  addFollowOptions,
  examples,
  FleetOptions,
  FollowOptions,
  parseOptions,
} from "../../options.ts";
import { typedPolicy } from "../../policy-options.ts";
import { ChimeraError } from "@chimera/proto/errors";
import type { HeadPolicy } from "@chimera/proto/signed/head";
import { sortLeaves, type Leaf } from "@chimera/proto/signed/world";
import { readProject } from "../../project/project-file.ts";
import { policyText } from "../../print/policy-text.ts";
import { planRows, planTable } from "../../print/plan-table.ts";
import { printableJson } from "../../print/printable.ts";

const Options = FleetOptions.extend(FollowOptions.shape).extend({
  to: z.string().max(64).optional(),
  dryRun: z.boolean().default(false),
  keepNew: z.boolean().default(false),
  file: z.string().optional(),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFollowOptions(addFleetOptions(command))
    .description("Publish a head for an earlier world and follow it (default: the world before the newest).")
    .option(
      "--to <serial|world|time>",
      'serial of a head, first digits of a world, a time (2026-11-29T14:05, "2h ago"), or current: signs what runs now anew',
    )
    .option(
      "--file <path>",
      "project file, for its [policy] (default: chimera.toml here or in a folder above)",
    )
    .option("--keep-new", "nodes that joined after that world keep what they run now")
    .option("--dry-run", "show what would change; send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera rollback",
        "chimera rollback --to 7 --reason 'payments broken'",
        "chimera rollback --to '2h ago' --dry-run",
        "chimera rollback --dry-run --reboot when-needed",
      ]),
    )
    .action(async (options: unknown) => rollback(io, parseOptions(Options, options)));
}

async function rollback(io: Io, options: Options): Promise<void> {
  const policy = headPolicy(typedPolicy(options), (await readProject(io, options.file)).policy);
  const operator = await createOperator(io, options);
  warnOfBase(io, operator);
  const world = await wantedWorld(io, operator, options.to);
  const leaves = completeWorld(
    await verifiedWorld(operator.api, world),
    operator,
    options.keepNew ? "keep" : "refuse",
  );
  await refuseQuarantined(io, operator, leaves);
  if (options.dryRun) {
    showChanges(io, operator, { leaves, policy, json: options.json });
    return;
  }
  const sent = await publishHead(io, operator, {
    leaves,
    mode: "rollback",
    policy,
    reason: options.reason,
    expiresHours: options.expires,
    propose: options.propose,
  });
  const finishOptions = { json: options.json, follow: options.follow, timeoutSeconds: options.timeout };
  await finish(io, { operator, sent, options: finishOptions }, leaves);
}

/** A node that the world does not have would be left without a leaf: that is never done silently. */
function completeWorld(
  leaves: readonly Leaf[],
  { context, current }: Operator,
  joined: "keep" | "refuse",
): Leaf[] {
  const foreign = leaves.find((leaf) => leaf.fleetId !== context.fleetId);
  if (foreign !== undefined)
    throw new ChimeraError("fleet-mismatch", `that world is of fleet ${foreign.fleetId}`);
  const nodes = new Set(leaves.map(({ node }) => node));
  const missing = current.leaves.filter(({ node }) => !nodes.has(node));
  if (missing.length === 0 || joined === "keep") return sortLeaves([...leaves, ...missing]);
  throw new ChimeraError(
    "leaf-unproven",
    `that world has no leaf for ${missing.map(({ node }) => node).join(", ")}: --keep-new leaves them as they are`,
  );
}

function showChanges(
  io: Io,
  { current }: Operator,
  { leaves, policy, json }: { leaves: readonly Leaf[]; policy: HeadPolicy; json: boolean },
): void {
  const old = new Map(current.leaves.map((leaf) => [leaf.node, leaf]));
  const changes = leaves.map((leaf) => ({ node: leaf.node, old: old.get(leaf.node), new: leaf }));
  if (json) io.out(`${printableJson({ type: "plan", policy, nodes: planRows(changes) })}\n`);
  else io.out(`${planTable(changes, io.paint)}${policyText(policy)}nothing was sent (--dry-run)\n`);
}
