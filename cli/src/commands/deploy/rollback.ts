/** SHELL. `chimera rollback`: a new head, with a higher serial, for an earlier world. Nothing is built or pushed. */
import type { Command } from "commander";
import { z } from "zod";
import { refuseQuarantined } from "../../fleet/head/refuse-quarantined.ts";
import { wantedWorld } from "../../fleet/head/wanted-world.ts";
import { verifiedWorld } from "../../fleet/current-fleet.ts";
import { finish } from "../../fleet/follow/finish.ts";
import { createOperator, type Operator } from "../../fleet/operator.ts";
import { headPolicy } from "../../fleet/head/head-policy.ts";
import type { RolloutFile } from "../../fleet/head/plan-rollout.ts";
import { checkConsent } from "../../fleet/head/consent.ts";
import {
  plannedConsent,
  publishHead,
  type PlannedConsent,
  type WantedHead,
} from "../../fleet/head/publish-head.ts";
import { warnOfBase } from "../../fleet/head/warn-of-base.ts";
import { namesOfWaves, withWaves, type WavedPolicy } from "../../fleet/head/with-waves.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, addFollowOptions, FleetOptions, FollowOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { typedPolicy } from "../../policy-options.ts";
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import { sortLeaves, type Leaf } from "@chimera/proto/signed/world";
import { readProject } from "../../project/project-file.ts";
import { policyText, wavesText } from "../../print/policy-text.ts";
import { planRows, planTable } from "../../print/plan-table.ts";
import { printableJson } from "../../print/printable.ts";
import { Base, baseOption } from "../../ssh/ssh-options.ts";
import { addRolloutOptions, RolloutOptions, wantedRollout } from "../../rollout/rollout-options.ts";

const Options = FleetOptions.extend(FollowOptions.shape)
  .extend(RolloutOptions.shape)
  .extend({
    to: z.string().max(64).optional(),
    dryRun: z.boolean().default(false),
    keepNew: z.boolean().default(false),
    base: Base,
    file: z.string().optional(),
  });
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addRolloutOptions(addFollowOptions(addFleetOptions(command)))
    .description(
      "Publish a head for an earlier world and follow it (default: the world before the newest). In the waves of [rollout] where chimera.toml has it, but without going back by itself; --no-waves: everybody at once.",
    )
    .option(
      "--to <serial|world|time>",
      'serial of a head, first digits of a world, a time (2026-11-29T14:05, "2h ago"), or current: signs what runs now anew',
    )
    .option(
      "--file <path>",
      "project file, for its [policy] and [rollout] (default: chimera.toml here or in a folder above)",
    )
    .addOption(baseOption())
    .option("--keep-new", "nodes that joined after that world keep what they run now")
    .option("--dry-run", "show what would change; send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera rollback",
        "chimera rollback --to 7 --reason 'payments broken'",
        "chimera rollback --to '2h ago' --dry-run",
        "chimera rollback --dry-run --reboot when-needed",
        "chimera rollback --no-waves          # whatever [rollout] says; chimera panic is faster still",
        "chimera rollback --waves 1,rest --max-unavailable 2",
      ]),
    )
    .action(async (options: unknown) => rollback(io, parseOptions(Options, options)));
}

async function rollback(io: Io, options: Options): Promise<void> {
  const project = await readProject(io, options.file);
  const policy = headPolicy(typedPolicy(options), project.policy);
  const rollout = rolloutBack(options, project.rollout);
  const operator = await createOperator(io, options);
  warnOfBase(io, operator);
  const world = await wantedWorld(io, operator, options.to);
  const leaves = completeWorld(
    await verifiedWorld(operator.api, world),
    operator,
    options.keepNew ? "keep" : "refuse",
  );
  await refuseQuarantined(io, operator, leaves);
  const changed = changedLeaves(operator, leaves);
  const waved = withWaves(io, { project, policy, rollout }, { leaves, changed });
  const wanted: WantedHead = {
    leaves,
    mode: "rollback",
    ...waved,
    reason: options.reason,
    expiresHours: options.expires,
    propose: options.propose,
  };
  if (options.dryRun) {
    const consent = plannedConsent(io, operator, wanted);
    showChanges(io, operator, { leaves, ...waved, planned: consent, json: options.json });
    return;
  }
  tellWaves(io, waved);
  const sent = await publishHead(io, operator, wanted);
  const finishOptions = { json: options.json, follow: options.follow, timeoutSeconds: options.timeout };
  await finish(io, { operator, sent, options: finishOptions }, leaves);
}

/** In waves as a deployment. But who goes back has found the newer world bad: one that fails on the way does not bring it back to all. */
function rolloutBack(options: Options, file: RolloutFile | undefined): RolloutFile | null {
  const rollout = wantedRollout(options, file);
  if (rollout === null) return null;
  const onFailure = options.onFailure ?? "pause";
  checkConsent(options.consent, onFailure);
  return { ...rollout, onFailure };
}

function changedLeaves({ current }: Operator, leaves: readonly Leaf[]): NodeName[] {
  const old = new Map(current.leaves.map(({ node, toplevel }) => [node, toplevel]));
  return leaves.filter(({ node, toplevel }) => old.get(node) !== toplevel).map(({ node }) => node);
}

/** In an emergency nobody looks for what chimera.toml says. */
function tellWaves(io: Io, { policy: { rollout } }: WavedPolicy): void {
  if (rollout === undefined) return;
  const most = rollout.maxUnavailable === null ? "" : `, at most ${rollout.maxUnavailable} nodes at once`;
  io.err(`goes back in ${rollout.waves.length} waves${most} (--no-waves: everybody at once)\n`);
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

function showChanges(io: Io, { current }: Operator, { leaves, policy, waves, planned, json }: Shown): void {
  const old = new Map(current.leaves.map((leaf) => [leaf.node, leaf]));
  const changes = leaves.map((leaf) => ({ node: leaf.node, old: old.get(leaf.node), new: leaf }));
  const named = namesOfWaves(waves);
  const { until, lines } = planned;
  if (json) {
    const said = { policy, waves: named, consentUntil: until, nodes: planRows(changes) };
    io.out(`${printableJson({ type: "plan", ...said })}\n`);
    return;
  }
  const how = [policyText(policy), wavesText(named), ...lines.map((line) => `${line}\n`)].join("");
  io.out(`${planTable(changes, io.paint)}${how}nothing was sent (--dry-run)\n`);
}

interface Shown extends WavedPolicy {
  leaves: readonly Leaf[];
  planned: PlannedConsent;
  json: boolean;
}
