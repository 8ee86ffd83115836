/** SHELL. `chimera rollout status|pause|resume|abort`. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Command } from "commander";
import { z } from "zod";
import { createObserver } from "../../fleet/operator.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, FleetOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { draftOrder, signOrder } from "../../order/sign-order.ts";
import { rolloutText, type CurrentRollout } from "../../print/documents/rollout-text.ts";
import { printableJson } from "../../print/printable.ts";
import { afterAnswered } from "../../rollout/after-answered.ts";
import { askLead } from "../../rollout/ask-lead.ts";
import { isCommitted } from "../../rollout/is-committed.ts";
import { currentRollout } from "../../rollout/current-rollout.ts";

const askableMs = 3_600_000;

const AskOptions = FleetOptions.extend({
  reason: z.string().max(1024, "at most 1024 characters").default(""),
  dryRun: z.boolean().default(false),
});
type AskOptions = z.infer<typeof AskOptions>;

const asks = {
  pause: "Let no further node go; who has begun finishes.",
  resume: "Go on, over the failures that there are.",
  abort:
    "Take it back: the whole fleet goes to the world before, where the head consents to that; else it pauses.",
} as const;

export function define(command: Command, io: Io): void {
  command.addHelpText(
    "after",
    examples([
      "chimera rollout status",
      "chimera rollout pause --reason 'error rate is up'",
      "chimera rollout abort",
    ]),
  );
  addFleetOptions(command.command("status"))
    .description("How far the newest rollout is: phase, lead, waves, failures.")
    .addHelpText(
      "after",
      examples(["chimera rollout status", "chimera rollout status --json | jq .record.phase"]),
    )
    .action(async (options: unknown) => status(io, parseOptions(FleetOptions, options)));
  for (const ask of ["pause", "resume", "abort"] as const) {
    addFleetOptions(command.command(ask))
      .description(asks[ask])
      .option("--reason <text>", "why, kept in the order and in the rollout's record", "")
      .option("--dry-run", "show the order; sign and send nothing")
      .addHelpText("after", examples([`chimera rollout ${ask}`, `chimera rollout ${ask} --dry-run`]))
      .action(async (options: unknown) => send(io, ask, parseOptions(AskOptions, options)));
  }
}

async function status(io: Io, { context, json }: FleetOptions): Promise<void> {
  const rollout = await currentRollout(await createObserver(io, { context }));
  io.out(json ? `${printableJson(rollout, 2)}\n` : rolloutText(rollout, io.paint));
}

async function send(io: Io, ask: keyof typeof asks, options: AskOptions): Promise<void> {
  const observer = await createObserver(io, { context: options.context });
  const rollout = await currentRollout(observer);
  refuseUseless(rollout, ask);
  const { reason, json } = options;
  const drafted = draftOrder(io, observer.context.fleetId, {
    nodes: "all",
    action: { kind: "rollout", head: rollout.head, ask },
    reason,
    notAfterMs: io.nowMs() + askableMs,
  });
  const order = { ...drafted, createdAt: afterAnswered(drafted.createdAt, rollout.record) };
  if (options.dryRun) {
    const text = `${ask} the rollout of head ${rollout.serial}, until ${order.notAfter}\n`;
    io.out(
      json
        ? `${printableJson({ type: "plan", order }, 2)}\n`
        : `${text}nothing was signed or sent (--dry-run)\n`,
    );
    return;
  }
  const signed = await signOrder(io, observer, order);
  if (signed.kind === "signed") return askLead(io, observer, { envelope: signed.envelope, json });
  const { id, signedBy, threshold } = signed;
  if (json) io.out(`${printableJson({ order: id, proposed: true, signedBy, threshold })}\n`);
  else io.out(`signed by ${signedBy.length} of ${threshold}: chimera sign ${id.slice(0, 12)}\n`);
}

/** Nobody leads it any more by what the nodes sign, or there is nothing to go on from. */
function refuseUseless(rollout: CurrentRollout, ask: keyof typeof asks): void {
  const { record, serial, isBack } = rollout;
  if (ask === "resume" && record !== null && record.phase !== "paused") {
    throw new ChimeraError(
      "order-stale",
      `the rollout of head ${serial} is not paused: it is in phase ${record.phase}`,
    );
  }
  if (record?.phase === "committed" && isCommitted(rollout)) {
    throw new ChimeraError(
      "order-stale",
      `the rollout of head ${serial} is over: chimera rollback undoes it`,
    );
  }
  if (isBack) {
    throw new ChimeraError("order-stale", `the rollout of head ${serial} was taken back: deploy again`);
  }
}
