/** SHELL. After a head is stored or proposed: say so, and follow the nodes it is about. */
import { shortDigest, type NodeName } from "@chimera/proto/names";
import type { Head } from "@chimera/proto/signed/head";
import type { Leaf } from "@chimera/proto/signed/world";
import type { Io } from "../../io.ts";
import { printableJson, printableLine } from "../../print/printable.ts";
import { someNames } from "../../print/some-names.ts";
import type { SentHead } from "../head/publish-head.ts";
import type { Observer } from "../operator.ts";
import { isPrepared, prepareWayBack } from "../head/prepare-way-back.ts";
import { createFollowView } from "./follow-view.ts";
import { follow } from "./follow.ts";
import { waitForSignatures } from "./wait-for-signatures.ts";

interface FinishOptions {
  json: boolean;
  follow: boolean;
  timeoutSeconds: number;
}

export interface Finishing {
  operator: Pick<Observer, "api" | "context" | "keys" | "trust">;
  sent: SentHead;
  options: FinishOptions;
}

export async function finish(io: Io, finishing: Finishing, leaves: readonly Leaf[]): Promise<void> {
  const { sent, options, operator } = finishing;
  if (sent.kind === "proposed") {
    announceProposal(io, sent, options.json);
    if (!options.follow) return;
    const { timeoutSeconds } = options;
    const stored = await waitForSignatures(io, operator, { sent, timeoutSeconds });
    // Whoever signed last may lack the panic key.
    if (!(await isPrepared(operator, sent.id))) await prepareWayBack(io, operator, stored);
  }
  announceHead(io, finishing, leaves);
  if (options.follow) await followNodes(io, finishing, leaves);
}

async function followNodes(
  io: Io,
  { operator, sent, options }: Finishing,
  leaves: readonly Leaf[],
): Promise<void> {
  const { head, id, nodesBefore } = sent;
  const problems = new Map(nodesBefore.map((view) => [view.node, view.status?.problem?.at ?? null]));
  const goals = leaves.map(({ node, nodeKey, toplevel, fleetId }) => ({
    node,
    nodeKey,
    toplevel,
    fleetId,
    head: { id, epoch: head.epoch, serial: head.serial },
    problemBefore: problems.get(node) ?? null,
  }));
  const started = performance.now();
  const names = leaves.map(({ node }) => node);
  const view = await createFollowView(io, options.json, names);
  const { rollout } = head.policy;
  const inWaves = rollout === undefined ? undefined : { head: id, proven: rollout.proven };
  const { timeoutSeconds } = options;
  const away = await follow(io, { api: operator.api, view, timeoutSeconds, inWaves }, goals);
  const ms = Math.round(performance.now() - started);
  if (options.json)
    io.out(
      `${printableJson({ type: "result", ok: true, serial: head.serial, nodes: leaves.length, away, ms })}\n`,
    );
  else io.out(`${committedText({ head, count: leaves.length, away })} in ${(ms / 1000).toFixed(1)} s\n`);
}

function committedText({
  head,
  count,
  away,
}: {
  head: Head;
  count: number;
  away: readonly NodeName[];
}): string {
  if (away.length === 0) return `all ${count} nodes committed head ${head.serial}`;
  return `${count - away.length} of ${count} nodes committed head ${head.serial}, ${someNames(away)} will when they return,`;
}

/** This call only follows from here on: what it follows has a session, which anybody can attach to. */
function announceHead(io: Io, { sent: { head, id }, options }: Finishing, leaves: readonly Leaf[]): void {
  const { epoch, serial, world, mode, policy } = head;
  const inWaves = policy.rollout !== undefined;
  const session = `${inWaves ? "rollout" : "deploy"}-${serial}`;
  if (options.json) {
    io.out(`${printableJson({ type: "published", epoch, serial, id, world, mode, session })}\n`);
    return;
  }
  const [first] = leaves;
  const where = inWaves ? "rollout" : `${first?.node ?? "NODE"}/${session}`;
  io.out(
    `published head ${serial}: world ${shortDigest(world)}, ${leaves.length} of ${head.size} nodes\n` +
      `session ${session}${inWaves ? "" : " of each node"}: chimera attach ${where} shows it from anywhere\n`,
  );
}

function announceProposal(io: Io, { head, id, signedBy, threshold }: SentHead, json: boolean): void {
  const { epoch, serial, world, mode } = head;
  if (json) {
    io.out(
      `${printableJson({ type: "proposed", kind: "head", id, epoch, serial, world, mode, signedBy, threshold })}\n`,
    );
    return;
  }
  const names = signedBy.map((name) => printableLine(name)).join(", ");
  io.out(
    `proposed head ${serial}: world ${shortDigest(world)}, signed by ${names} (${signedBy.length} of ${threshold})\n` +
      `others look at it and sign with: chimera sign ${shortDigest(id)}\n`,
  );
}
