/**
 * SHELL. `--over ssh`: the same world and the same signed head as ever, brought to the nodes by ourselves. What they do with it
 * is their own work: nothing of it depends on this command, once a node has the head.
 */
import { ChimeraError } from "@chimera/proto/errors";
import type { ClosureEntry } from "@chimera/proto/signed/closure";
import { shortDigest, type NodeName, type StorePath } from "@chimera/proto/names";
import type { HeadPolicy } from "@chimera/proto/signed/head";
import { checkedCacheKeyFile, currentContext } from "../../context/current-context.ts";
import { planWorld, type Plan, type System } from "../../fleet/head/plan.ts";
import { tellPlan } from "../../fleet/head/publish-systems.ts";
import { warnOfPanic } from "../../fleet/head/warn-of-base.ts";
import type { VerifiedHead } from "../../fleet/verify-documents.ts";
import { showPlace } from "@chimera/proto/signed/place";
import type { BuildReporter } from "../../fleet/report/build-reporter.ts";
import type { Io } from "../../io.ts";
import { queryClosures } from "../../nix/query-closures.ts";
import { signClosures } from "../../nix/sign-closures.ts";
import type { Project } from "../../project/project-file.ts";
import { printableLine } from "../../print/printable.ts";
import { copyClosures, type Failed } from "./copy-closures.ts";
import { deliverHead } from "./deliver-head.ts";
import { lookAgain } from "./look-again.ts";
import { provenNodeKeys } from "./plan-over-ssh.ts";
import { reasonOf } from "../transport/remote-agent.ts";
import { signHead } from "./sign-head.ts";
import { withSsh, type Ssh } from "../transport/ssh-client.ts";
import { createSshObserver, type SshObserver } from "../fleet/ssh-observer.ts";
import type { SshOptions } from "../ssh-options.ts";
import { sshSettings } from "../transport/ssh-settings.ts";

export interface SshPublication {
  project: Project;
  policy: HeadPolicy;
  reporter: BuildReporter;
  options: SshOptions & {
    context?: string | undefined;
    json: boolean;
    dryRun: boolean;
    reason: string;
    expires: number;
    follow: boolean;
    timeout: number;
  };
}

const usualParallel = 4;
/** Without waves nobody goes back by itself. */
const noConsent = { until: null, lines: [] };

/** Throws usage for what only a controller and a lead node can do. */
export function refuseOverSsh(
  options: { propose: boolean; trustHead?: unknown },
  rollout: object | null,
): void {
  if (options.propose) throw without("others sign through the controller: no --propose");
  if (options.trustHead !== undefined) throw without("no --trust-head");
  if (rollout !== null) {
    throw without("waves are led by a node through NATS: everybody goes at once, --no-waves says so,");
  }
}

function without(what: string): ChimeraError {
  return new ChimeraError("usage", `${what} with --over ssh`);
}

/** Throws the first failure, after all that could be done is done. */
export async function publishOverSsh(
  io: Io,
  publication: SshPublication,
  systems: readonly System[],
): Promise<void> {
  const { project, options } = publication;
  const context = await currentContext(io, options.context);
  const settings = sshSettings(project.ssh, options.sshTarget);
  await withSsh(io, settings, async (ssh) => {
    const nodes = systems.map(({ node }) => node);
    const asked = { worldFile: options.world, chosen: options.base };
    const look = { context, project, nodes, ...asked, base: "effective" } as const;
    const observer = await createSshObserver(io, ssh, look);
    announce(io, observer, options.json);
    const { known, keys, views } = observer;
    warnOfPanic(io, known, { role: keys.newest.set.roles.panic, views, stored: null });
    warnOfReturn(io, observer, options.base);
    warnOfRivals(io, known);
    await publish(io, { ...publication, ssh, observer }, systems);
  });
}

interface Publishing extends SshPublication {
  ssh: Ssh;
  observer: SshObserver;
}

async function publish(io: Io, publishing: Publishing, systems: readonly System[]): Promise<void> {
  const { observer, options, policy, ssh, reporter } = publishing;
  const closures = await queryClosures(
    io,
    systems.map(({ toplevel }) => toplevel),
  );
  const plan = createPlan(publishing, systems, closures);
  if (options.dryRun)
    return tellPlan(io, plan, { policy, waves: [], consent: noConsent, json: options.json });
  const cacheKeyFile = await checkedCacheKeyFile(observer.context);
  const away = awayOf(observer, systems);
  const reached = systems.filter(({ node }) => !away.some((one) => one.node === node));
  if (reached.length === 0) throw nobody(away, "nothing was signed");
  await signClosures(io, [...closures.keys()], cacheKeyFile);
  const atOnce = options.maxParallel ?? usualParallel;
  const failed = await copyClosures(io, reached, { ssh, reporter, atOnce, json: options.json });
  for (const { error } of failed) io.err(`${reasonOf(error)}\n`);
  if (failed.length === reached.length) throw nobody(failed, "nothing was signed");
  // Closures take their time.
  const now = await lookAgain(io, ssh, observer);
  const signed = await signHead(io, now, { plan, policy, ...options });
  const missed = [...away, ...failed];
  const goals = plan.rows
    .map((row) => row.new)
    .filter(({ node }) => !missed.some((one) => one.node === node));
  await deliverHead(io, { ssh, observer: now, plan, closures, signed, goals, missed, options });
}

function createPlan(
  { observer, project }: Publishing,
  systems: readonly System[],
  closures: ReadonlyMap<StorePath, readonly ClosureEntry[]>,
): Plan {
  const { context, leaves } = observer;
  const nodes: NodeName[] = systems.map(({ node }) => node);
  return planWorld({
    fleetId: context.fleetId,
    systems,
    closures,
    nodeKeys: provenNodeKeys(nodes, { project, leaves }),
    substituters: project.substituters ?? [`${context.controller.replace(/\/+$/u, "")}/cache`],
    leaves,
  });
}

/** Selected nodes that were asked and did not answer: nothing can be copied to them. */
function awayOf({ surveyed }: SshObserver, systems: readonly System[]): Failed[] {
  return surveyed.flatMap((one) =>
    one.kind === "failed" && systems.some(({ node }) => node === one.node)
      ? [{ node: one.node, error: one.error }]
      : [],
  );
}

/** Where none of them can be reached, the first reason is as good as any. */
function nobody(failed: readonly Failed[], so: string): ChimeraError {
  const [first] = failed;
  const error = first?.error ?? new ChimeraError("node-unknown", "no node is selected");
  const reasons = failed.map((one) => reasonOf(one.error)).join("; ");
  return new ChimeraError(error.code, `${so}: ${reasons}`);
}

/** Said always: it is another world than the newest signed one. */
function warnOfReturn(io: Io, { known: { effective, head } }: SshObserver, chosen: string | undefined): void {
  if (effective.kind !== "returned") return;
  const why =
    chosen === undefined
      ? "nodes say that its rollout failed and went back, and most of those that answered run what they had before"
      : `by --base ${chosen}`;
  io.err(
    `chimera: made on top of world ${shortDigest(effective.world)}, the one before head ${head?.head.serial}: ${why}\n`,
  );
}

/** Whoever stands above both must know whose changes he builds on. */
function warnOfRivals(io: Io, { head, rivals }: SshObserver["known"]): void {
  if (head === null || rivals.length === 0) return;
  const others = rivals.map(nameOf).join(", ");
  io.err(
    `chimera: there are ${rivals.length + 1} heads of place ${showPlace(head.head)}: this is made on top of ${nameOf(head)}, and undoes what is other in ${others}\n`,
  );
}

function nameOf({ id, head: { author } }: VerifiedHead): string {
  return `${shortDigest(id)} by ${printableLine(author)}`;
}

function announce(io: Io, { surveyed, isControllerThere }: SshObserver, json: boolean): void {
  if (json) return;
  for (const one of surveyed) if (one.kind === "failed") io.err(`${printableLine(reasonOf(one.error))}\n`);
  if (!isControllerThere) return;
  io.err(
    "chimera: the controller answers, but gets nothing of this: chimera reseed brings it what is published here\n",
  );
}
