/** SHELL. `chimera retry --failed`: the newest head's world once more, after a pardon for what nodes quarantined because of it. */
import { ChimeraError } from "@chimera/proto/errors";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Command } from "commander";
import { z } from "zod";
import { verifiedWorld } from "../../fleet/current-fleet.ts";
import { finish } from "../../fleet/follow/finish.ts";
import { publishHead } from "../../fleet/head/publish-head.ts";
import { panicText, warnOfBase } from "../../fleet/head/warn-of-base.ts";
import { createOperator, type Operator } from "../../fleet/operator.ts";
import type { VerifiedHead } from "../../fleet/verify-documents.ts";
import type { Io } from "../../io.ts";
import { addFleetOptions, addFollowOptions, FleetOptions, FollowOptions } from "../../options.ts";
import { examples, parseOptions } from "../../parse-options.ts";
import { currentQuarantine, type StoredList } from "../../order/current-quarantine.ts";
import { nextQuarantine } from "../../order/next-quarantine.ts";
import { reportedToplevels } from "../../order/quarantine-rows.ts";
import { draftOrder, signOrder } from "../../order/sign-order.ts";
import { storeQuarantine } from "../../order/store-quarantine.ts";
import { readKnownDocuments, type KnownDocuments } from "../../past/known-past.ts";
import { policyText } from "../../print/policy-text.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { planRetry, type Retry, type RetryScene } from "../../rollout/plan-retry.ts";
import { askText, knowingly, lastAsk, refuseAborted } from "../../rollout/refuse-undone.ts";

const yearMs = 365 * 86_400_000;

const Options = FleetOptions.extend(FollowOptions.shape).extend({
  failed: z.literal(true, "say which nodes: --failed"),
  dryRun: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function define(command: Command, io: Io): void {
  addFollowOptions(addFleetOptions(command))
    .description(
      "Try the newest world again where it failed: a pardon, and a head for the same world in the same waves.",
    )
    .option("--failed", "the nodes that failed it")
    .option("--dry-run", "show who and what; sign and send nothing")
    .addHelpText(
      "after",
      examples(["chimera retry --failed --dry-run", "chimera retry --failed --reason 'disk replaced'"]),
    )
    .action(async (options: unknown) => retry(io, parseOptions(Options, options)));
}

async function retry(io: Io, options: Options): Promise<void> {
  // Whether it went back or not: it is the newest head's world that is tried again, and the way back from that is the same.
  const operator = await createOperator(io, { ...options, base: "head" });
  const newest = operator.current.head;
  if (newest === null) throw new ChimeraError("world-unknown", "there is no head yet, so nothing to retry");
  refusePanicked(operator, newest);
  const { panics } = await refuseStopped(io, operator, newest);
  warnOfBase(io, operator);
  const list = await currentQuarantine(io, operator);
  const leaves = await verifiedWorld(operator.api, newest.head.world);
  const failed = recordOf(operator, newest)?.failed ?? [];
  const named = new Set(failed.map(({ node }) => node));
  const plan = planRetry({
    newest,
    leaves,
    nodes: operator.nodes,
    named,
    knowsPanic: panics.length > 0,
    pardons: pardonsOf(list),
    nowMs: io.nowMs(),
  });
  if (options.dryRun) return tellPlan(io, plan, options.json);
  if (!(await pardon(io, operator, { plan, list, options }))) return;
  const sent = await publishHead(io, operator, {
    leaves,
    mode: "deploy",
    policy: plan.policy,
    consent: plan.consent,
    reason: options.reason,
    expiresHours: options.expires,
    propose: options.propose,
  });
  const finishOptions = { json: options.json, follow: options.follow, timeoutSeconds: options.timeout };
  await finish(io, { operator, sent, options: finishOptions }, leaves);
}

/** Throws panic-holds: every node counts as failed then, and what it denies is what somebody undid everywhere. */
function refusePanicked({ current, keys, nodes }: Operator, newest: VerifiedHead): void {
  const { panic, view } = current;
  if (panic === null) return;
  const role = keys.newest.set.roles.panic;
  const text = panicText({ panic, head: newest }, { role, views: nodes, stored: view.panic });
  throw new ChimeraError(
    "panic-holds",
    `a panic stands: ${text}. Retry would bring that back everywhere. ${knowingly(newest.head.serial)}`,
  );
}

/** Throws order-stale after an abort. Who paused the rollout is named: this goes on without having asked them. */
async function refuseStopped(io: Io, operator: Operator, newest: VerifiedHead): Promise<KnownDocuments> {
  const { api, trust, keys } = operator;
  const known = await readKnownDocuments(io, { api, trust, chain: keys.chain });
  const orders = known.orders.map(({ order }) => order);
  const ask = lastAsk({ newest, orders, record: recordOf(operator, newest), nowMs: io.nowMs() });
  refuseAborted({ newest }, ask);
  if (ask?.action.ask === "pause") {
    io.err(
      `chimera: the rollout of head ${newest.head.serial} was paused ${printableLine(askText(ask))}: this begins it anew\n`,
    );
  }
  return known;
}

function pardonsOf(stored: StoredList | null): RetryScene["pardons"] {
  return stored === null ? null : { toplevels: stored.list.pardoned, createdAt: stored.order.createdAt };
}

function recordOf({ current }: Operator, { id }: VerifiedHead): RolloutRecord | null {
  const { rollout } = current.view;
  return rollout?.head === id ? rollout : null;
}

/** False where others must sign the pardon first. */
async function pardon(
  io: Io,
  operator: Operator,
  { plan, list, options }: { plan: Retry; list: StoredList | null; options: Options },
): Promise<boolean> {
  if (plan.pardoned.length === 0) return true;
  const { action } = nextQuarantine(list?.list ?? null, {
    verb: "pardon",
    toplevels: plan.pardoned,
    reported: reportedToplevels(operator.nodes),
  });
  const { reason } = options;
  const notAfterMs = io.nowMs() + yearMs;
  const order = draftOrder(io, operator.context.fleetId, { nodes: "all", action, reason, notAfterMs });
  const signed = await signOrder(io, operator, order);
  if (signed.kind === "signed") {
    await storeQuarantine(io, operator, signed.envelope);
    return true;
  }
  const { id, signedBy, threshold } = signed;
  if (options.json) io.out(`${printableJson({ order: id, proposed: true, signedBy, threshold })}\n`);
  else {
    const next = `chimera sign ${id.slice(0, 12)}, then this again`;
    io.out(`the pardon is signed by ${signedBy.length} of ${threshold}: ${next}\n`);
  }
  return false;
}

function tellPlan(io: Io, { failed, pardoned, policy }: Retry, json: boolean): void {
  if (json) {
    io.out(`${printableJson({ type: "plan", failed, pardoned, policy })}\n`);
    return;
  }
  const paths = pardoned.map((path) => `pardon ${path}\n`).join("");
  io.out(
    `retry on ${failed.join(", ")}\n${paths}${policyText(policy)}nothing was signed or sent (--dry-run)\n`,
  );
}
