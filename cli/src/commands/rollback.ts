/** SHELL. `chimera rollback`: a new head, with a higher serial, for an earlier world. Nothing is built or pushed. */
import type { Command } from "commander";
import { z } from "zod";
import { chooseWorld } from "../fleet/choose-world.ts";
import { verifiedWorld, verifyStored } from "../fleet/current-fleet.ts";
import { finish } from "../fleet/finish.ts";
import { createOperator, type Operator } from "../fleet/operator.ts";
import { publishHead } from "../fleet/sign-head.ts";
import type { Io } from "../io.ts";
import {
  addFleetOptions,
  addFollowOptions,
  examples,
  FleetOptions,
  FollowOptions,
  parseOptions,
} from "../options.ts";
import { ChimeraError } from "@chimera/proto/errors";
import type { StoredHead } from "@chimera/proto/api";
import { sortLeaves, type Leaf } from "@chimera/proto/signed/world";
import { planRows, planTable } from "../print/plan-table.ts";
import { printableJson } from "../print/printable.ts";

const Options = FleetOptions.extend(FollowOptions.shape).extend({
  to: z.string().max(64).optional(),
  dryRun: z.boolean().default(false),
  keepNew: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFollowOptions(addFleetOptions(command))
    .description("Publish a head for an earlier world and follow it (default: the world before the newest).")
    .option("--to <serial|world>", "serial of a head in the history, or the first digits of a world")
    .option("--keep-new", "nodes that joined after that world keep what they run now")
    .option("--dry-run", "show what would change; send nothing")
    .addHelpText(
      "after",
      examples([
        "chimera rollback",
        "chimera rollback --to 7 --reason 'payments broken'",
        "chimera rollback --dry-run",
      ]),
    )
    .action(async (options: unknown) => rollback(io, parseOptions(Options, options)));
}

async function rollback(io: Io, options: Options): Promise<void> {
  const operator = await createOperator(io, options.context);
  const { heads } = await operator.api.heads();
  const world = chooseWorld(heads, options.to);
  checkSigned(
    heads.filter(({ head }) => head.world === world),
    operator,
  );
  const leaves = completeWorld(
    await verifiedWorld(operator.api, world),
    operator,
    options.keepNew ? "keep" : "refuse",
  );
  if (options.dryRun) {
    showChanges(io, operator, { leaves, json: options.json });
    return;
  }
  const published = await publishHead(io, operator, {
    fleetId: operator.context.fleetId,
    current: operator.current,
    leaves,
    mode: "rollback",
    reason: options.reason,
    expiresHours: options.expires,
  });
  const finishOptions = { json: options.json, follow: options.follow, timeoutSeconds: options.timeout };
  await finish(io, { operator, published, options: finishOptions }, leaves);
}

/** A world from the history was signed once; one given by its whole id is named by the operator himself. */
function checkSigned(heads: readonly StoredHead[], { trust }: Operator): void {
  for (const stored of heads) {
    const { head } = verifyStored(stored, trust);
    if (head.world !== stored.head.world) {
      throw new ChimeraError(
        "hash-mismatch",
        `head ${stored.head.serial}: the controller shows another world than was signed`,
      );
    }
  }
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
  { leaves, json }: { leaves: readonly Leaf[]; json: boolean },
): void {
  const old = new Map(current.leaves.map((leaf) => [leaf.node, leaf]));
  const changes = leaves.map((leaf) => ({ node: leaf.node, old: old.get(leaf.node), new: leaf }));
  if (json) io.out(`${printableJson({ type: "plan", nodes: planRows(changes) })}\n`);
  else io.out(`${planTable(changes, io.paint)}nothing was sent (--dry-run)\n`);
}
