/** SHELL. `chimera reseed`: puts an operator's copy back into a store that lost its data. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { createApiClient } from "../api/api-client.ts";
import { currentContext } from "../context/current-context.ts";
import { copyFolder } from "../fleet/operator-copy.ts";
import type { Io } from "../io.ts";
import { addFleetOptions, FleetOptions } from "../options.ts";
import { examples, parseOptions } from "../parse-options.ts";
import { printableJson, printableLine } from "../print/printable.ts";
import { carryOutReseed } from "../reseed/carry-out.ts";
import { readVerifiedCopy } from "../reseed/read-copy.ts";
import { reseedPlan, type ReseedPlan, type ReseedStep } from "../reseed/reseed-plan.ts";
import { surveyFleet } from "../reseed/survey-fleet.ts";

const Options = FleetOptions.extend({
  from: z.string().max(4096).optional(),
  world: z.string().max(4096).optional(),
  dryRun: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFleetOptions(command)
    .description(
      "After a loss of the NATS data: put key sets, head, panic and quarantine back from this operator's copy.",
    )
    .option("--from <folder>", "another copy than this operator's own")
    .option("--world <file>", "the copy's world, saved by world show --save, where the cache is lost too")
    .option("--dry-run", "check all and show what would be put back; send nothing")
    .addHelpText(
      "after",
      examples(["chimera reseed --dry-run", "chimera reseed --from /mnt/backup/chimera/$FLEET"]),
    )
    .action(async (options: unknown) => reseed(io, parseOptions(Options, options)));
}

async function reseed(io: Io, options: Options): Promise<void> {
  const context = await currentContext(io, options.context);
  const { fleetId } = context;
  const folder = options.from === undefined ? copyFolder(io, fleetId) : resolve(io.cwd, options.from);
  const copy = await readVerifiedCopy(folder, fleetId);
  const api = await createApiClient(io, context);
  const worldFile = options.world === undefined ? undefined : resolve(io.cwd, options.world);
  const survey = await surveyFleet(io, api, { copy, fleetId, worldFile });
  const plan = reseedPlan({ ...copy, chain: survey.chain }, survey.there, survey.reported);
  const notes = [...survey.notes, ...plan.notes];
  if (!options.json) for (const note of notes) io.err(printableLine(`chimera: ${note}`) + "\n");
  const done = options.dryRun
    ? []
    : await carryOutReseed(io, { api, folder, context, json: options.json, copy, survey, plan });
  tell(io, { plan, notes, done, folder }, options);
}

function tell(
  io: Io,
  {
    plan,
    notes,
    done,
    folder,
  }: { plan: ReseedPlan; notes: string[]; done: readonly ReseedStep[]; folder: string },
  { json, dryRun }: Options,
): void {
  const steps = plan.steps.map(({ kind, name }) => ({ kind, name }));
  if (json) {
    io.out(
      `${printableJson({ from: folder, steps, done: done.length, isBehind: plan.isBehind, notes }, 2)}\n`,
    );
    return;
  }
  if (steps.length === 0) io.out("the controller lacks nothing that can be put back\n");
  for (const { name } of steps) io.out(`${dryRun ? "would put back" : "put back"} ${name}\n`);
}
