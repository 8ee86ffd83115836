/** SHELL. Built systems to a stored head: closures to the cache, lists, world, head; nothing of it when one step fails. */
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { NodeName, StorePath } from "@chimera/proto/names";
import type { HeadPolicy } from "@chimera/proto/signed/head";
import type { Io } from "../../io.ts";
import { queryClosures } from "../../nix/query-closures.ts";
import { planRows, planTable } from "../../print/plan-table.ts";
import { policyText, wavesText } from "../../print/policy-text.ts";
import { printableJson } from "../../print/printable.ts";
import type { Project } from "../../project/project-file.ts";
import type { BuildReporter } from "../report/build-reporter.ts";
import { finish } from "../follow/finish.ts";
import { nodeKeys } from "../node-keys.ts";
import type { Operator } from "../operator.ts";
import { planWorld, type Plan, type System } from "./plan.ts";
import { plannedConsent, publishHead, type PlannedConsent, type WantedHead } from "./publish-head.ts";
import { pushClosures } from "./push-closures.ts";
import { namesOfWaves, withWaves, type Waving } from "./with-waves.ts";

interface PublishOptions {
  json: boolean;
  dryRun: boolean;
  reason: string;
  expires: number;
  follow: boolean;
  timeout: number;
  propose: boolean;
}

export interface Publication extends Waving {
  operator: Operator;
  project: Project;
  reporter: BuildReporter;
  options: PublishOptions;
}

export async function publishSystems(
  io: Io,
  publication: Publication,
  systems: readonly System[],
): Promise<void> {
  const { operator, options } = publication;
  const closures = await queryClosures(
    io,
    systems.map(({ toplevel }) => toplevel),
  );
  const plan = createPlan(io, publication, { systems, closures });
  const { leaves } = plan;
  const wanted: WantedHead = {
    leaves,
    mode: "deploy",
    ...withWaves(io, publication, { leaves, changed: changedBy(plan) }),
    reason: options.reason,
    expiresHours: options.expires,
    propose: options.propose,
  };
  if (options.dryRun) {
    const { policy, waves = [] } = wanted;
    const consent = plannedConsent(io, operator, wanted);
    return tellPlan(io, plan, { policy, waves, consent, json: options.json });
  }
  await pushSystems(io, publication, { closures, systems });
  const sent = await publishHead(io, operator, wanted);
  const finishOptions = { json: options.json, follow: options.follow, timeoutSeconds: options.timeout };
  await finish(
    io,
    { operator, sent, options: finishOptions },
    plan.rows.map(({ new: leaf }) => leaf),
  );
}

export function tellPlan(io: Io, { world, rows }: Plan, { policy, waves, consent, json }: Told): void {
  const named = namesOfWaves(waves);
  const { until, lines } = consent;
  if (json) {
    const said = { world, policy, waves: named, consentUntil: until, nodes: planRows(rows) };
    io.out(`${printableJson({ type: "plan", ...said })}\n`);
    return;
  }
  const how = [policyText(policy), wavesText(named), ...lines.map((line) => `${line}\n`)].join("");
  io.out(`${planTable(rows, io.paint)}${how}nothing was sent (--dry-run)\n`);
}

interface Told {
  policy: HeadPolicy;
  waves: readonly WaveList[];
  consent: PlannedConsent;
  json: boolean;
}

/** Nodes that are to run something else than before. */
function changedBy({ rows }: Plan): NodeName[] {
  return rows.filter((row) => row.old?.toplevel !== row.new.toplevel).map(({ node }) => node);
}

type Closures = ReadonlyMap<StorePath, readonly ClosureEntry[]>;

function createPlan(
  io: Io,
  { operator, project }: Publication,
  { systems, closures }: { systems: readonly System[]; closures: Closures },
): Plan {
  const { context, current, nodes } = operator;
  const sources = { project, leaves: current.leaves, registered: nodes };
  const { keys, unproven } = nodeKeys(
    systems.map(({ node }) => node),
    sources,
  );
  if (unproven.length > 0) {
    io.err(`chimera: node keys taken on the controller's word (first use): ${unproven.join(", ")}\n`);
  }
  return planWorld({
    fleetId: context.fleetId,
    systems,
    closures,
    nodeKeys: keys,
    substituters: project.substituters ?? [`${context.controller.replace(/\/+$/u, "")}/cache`],
    leaves: current.leaves,
  });
}

async function pushSystems(
  io: Io,
  { operator, reporter, options }: Publication,
  { closures, systems }: { closures: Closures; systems: readonly System[] },
): Promise<void> {
  const { api, context } = operator;
  const nodes: NodeName[] = systems.map(({ node }) => node);
  reporter.tell(nodes, { state: "pushing" });
  await pushClosures(io, closures, { api, context, json: options.json });
  for (const { node, toplevel } of systems) reporter.tell([node], { state: "pushed", toplevel });
}
