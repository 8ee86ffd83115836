/** PURE. How a fleet moves to a head: the waves with their lists, and the limits, from what was asked for in words. */
import { ChimeraError } from "@chimera/proto/errors";
import type { NodeName } from "@chimera/proto/names";
import { maxWaves, type RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { waveDigest, type WaveList } from "@chimera/proto/rollout/wave-list";
import type { Leaf } from "@chimera/proto/signed/world";
import { z } from "zod";
import { parseDurationMs } from "../../order/duration.ts";
import type { Candidate } from "../../project/select-nodes.ts";
import type { Consent } from "./consent.ts";
import { planWaves } from "./plan-waves.ts";

/** "3", or "10%" of the nodes that change. */
export const Amount = z.union([z.int(), z.string()]).transform((value, context) => {
  const match = /^(\d{1,6})(%?)$/u.exec(String(value));
  const number = Number(match?.[1] ?? NaN);
  const isShare = match?.[2] === "%";
  if (match === null || (isShare && number > 100)) {
    context.addIssue("a number of nodes, or a share like 10%");
    return z.NEVER;
  }
  return { number, isShare };
});
type Amount = z.infer<typeof Amount>;

/** Milliseconds of "2h". */
export const Span = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  context.addIssue("a span of time like 30m or 2h");
  return z.NEVER;
});

/** [rollout] of chimera.toml, and what is typed on top of it. */
export const RolloutFile = z.strictObject({
  /** Counts, shares, "rest" or targets, as `planWaves` reads them. */
  waves: z.array(z.string().min(1).max(256)).min(1).max(maxWaves),
  /** Targets whose nodes go first within counts and shares. */
  order: z.array(z.string().min(1).max(256)).max(64).default([]),
  maxFailed: Amount.prefault(0),
  onFailure: z.enum(["return", "pause"]).default("return"),
  maxUnavailable: Amount.optional(),
  proven: z.int().min(1).max(100).default(50),
  /** From the publication on, as "2h". */
  deadline: Span.optional(),
  onDeadline: z.enum(["hold", "proceed"]).default("hold"),
  /** For how long the head consents to go back by itself; absent: as long as the rollout may last. */
  consent: Span.optional(),
});
export type RolloutFile = z.infer<typeof RolloutFile>;

export interface RolloutPlan {
  policy: RolloutPolicy;
  /** By the order of the policy: each is uploaded before the head. */
  lists: WaveList[];
  consent: Consent;
}

export interface RolloutSubject {
  leaves: readonly Leaf[];
  /** Nodes that are to run something else than before; the others are in the last wave, where they have nothing to do. */
  changed: ReadonlySet<NodeName>;
  tagsOf: (node: NodeName) => readonly string[];
  nowMs: number;
}

/** Throws usage for waves that say nothing. */
export function planRollout(
  file: RolloutFile,
  { leaves, changed, tagsOf, nowMs }: RolloutSubject,
): RolloutPlan {
  const keys = new Map(leaves.map(({ node, nodeKey }) => [node, nodeKey]));
  const planned = wavesOf(file, { leaves, changed, tagsOf });
  const lists = planned.map((nodes): WaveList => ({
    v: 1,
    kind: "wave",
    nodes: nodes.flatMap((node) => {
      const nodeKey = keys.get(node);
      return nodeKey === undefined ? [] : [{ node, nodeKey }];
    }),
  }));
  const { maxFailed, maxUnavailable, onFailure, proven, deadline, onDeadline } = file;
  const count = Math.max(1, changed.size);
  return {
    lists,
    consent: {
      askedMs: file.consent ?? null,
      moving: planned.map((nodes) => nodes.filter((node) => changed.has(node)).length),
    },
    policy: {
      waves: lists.map((list) => ({ list: waveDigest(list), size: list.nodes.length })),
      maxFailed: countOf(maxFailed, count),
      onFailure,
      maxUnavailable: maxUnavailable === undefined ? null : unavailableOf(maxUnavailable, count),
      proven,
      deadline: deadline === undefined ? null : new Date(nowMs + deadline).toISOString(),
      onDeadline,
    },
  };
}

function wavesOf(
  { waves, order }: RolloutFile,
  { leaves, changed, tagsOf }: Omit<RolloutSubject, "nowMs">,
): NodeName[][] {
  const names = leaves.map(({ node }) => node);
  const moving = names.filter((node) => changed.has(node));
  const still = names.filter((node) => !changed.has(node));
  if (moving.length === 0) return [still];
  const candidates: Candidate[] = moving.map((node) => ({ node, tags: tagsOf(node) }));
  const planned = planWaves(candidates, { waves, order });
  const last = planned.at(-1) ?? [];
  return [...planned.slice(0, -1), [...last, ...still]];
}

function countOf({ number, isShare }: Amount, total: number): number {
  return isShare ? Math.floor((total * number) / 100) : number;
}

/** A share of a small fleet may be less than one node, and none at all would be no rollout. */
function unavailableOf(amount: Amount, total: number): number {
  if (amount.number > 0) return Math.max(1, countOf(amount, total));
  throw new ChimeraError("usage", "max unavailable is 0: no node could ever go");
}
