/**
 * PURE. Whether a fleet went back to the world before its head. The record that says so is signed by nobody, and any node may show
 * one: it is asked what the nodes run, by their own signatures.
 */
import type { NodeView } from "@chimera/proto/api";
import { mayReturn, type Effective } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import { shortDigest, type NodeName, type StorePath } from "@chimera/proto/names";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { Leaf } from "@chimera/proto/signed/world";
import type { VerifiedHead } from "../verify-documents.ts";

/** Which world a person builds on, where nodes contradict each other: the newest head's, or the one before it. */
export type ChosenBase = "head" | "before";

export interface Evidence {
  /** Nodes whose system is another one in the two worlds, and that answered. */
  answered: number;
  /** Of them, those that run what they had before the head. */
  back: number;
  committed: number;
  /** All nodes whose system is another one in the two worlds. */
  concerned: number;
}

/** Whether somebody says that the head's rollout went back, at a time when the head consented to that. */
export function claimsReturn(
  records: readonly (RolloutRecord | null)[],
  { id, head }: VerifiedHead,
  nowMs: number,
): boolean {
  return records.some(
    (record) =>
      record?.head === id &&
      record.phase === "returned" &&
      mayReturn(head, Math.min(nowMs, Date.parse(record.at))),
  );
}

/** `views`: checked against the keys of the leaves; what is not verified says nothing. */
export function weighReturn(
  { id }: Pick<VerifiedHead, "id">,
  worlds: { head: readonly Leaf[]; before: readonly Leaf[] },
  views: readonly NodeView[],
): Evidence {
  const former = new Map<NodeName, StorePath>(worlds.before.map(({ node, toplevel }) => [node, toplevel]));
  const concerned = worlds.head.filter(
    ({ node, toplevel }) => former.has(node) && former.get(node) !== toplevel,
  );
  const statuses = new Map(
    views.flatMap(({ node, status, verified }) => (verified && status !== null ? [[node, status]] : [])),
  );
  const said = concerned.flatMap(({ node }) => statuses.get(node) ?? []);
  const back = said.filter(({ node, system }) => system.current === former.get(node));
  const committed = said.filter(
    ({ node, state, accepted, system }) =>
      state === "committed" && accepted?.id === id && system.current !== former.get(node),
  );
  return {
    answered: said.length,
    back: back.length,
    committed: committed.length,
    concerned: concerned.length,
  };
}

/** Most of those that answered are back and nobody has committed; never by one node's word, where there are others. */
export function isBorneOut({ answered, back, committed, concerned }: Evidence): boolean {
  return committed === 0 && back * 2 > answered && back >= Math.min(2, concerned);
}

/** In force although no record leads there: by a person, or by what the nodes run. */
export function returnedTo({ id, head: { epoch, serial, revertTo } }: VerifiedHead): Effective {
  if (revertTo === null)
    throw new ChimeraError(
      "usage",
      `--base before: head ${serial} is the first, there is no world before it`,
    );
  return { kind: "returned", world: revertTo, id, place: { epoch, serial, rank: 1 } };
}

/** Nothing may be signed on top of what only one side says. */
export function contradiction({ head }: VerifiedHead, evidence: Evidence | null): ChimeraError {
  const { serial, revertTo } = head;
  const before = revertTo === null ? "the world before" : `world ${shortDigest(revertTo)}`;
  const seen =
    evidence === null
      ? "the nodes' own words cannot be compared with it, for one of the two worlds is not known here (chimera world show --save, on a machine that has it)"
      : `of ${evidence.concerned} nodes that differ ${evidence.answered} answered: ${evidence.back} run what they had before, ${evidence.committed} have committed the head`;
  return new ChimeraError(
    "held",
    `somebody says, unsigned, that the rollout of head ${serial} failed and went back to ${before}, but ${seen}. Nothing was signed: find out which of the two runs, then say what to build on: --base head (world ${shortDigest(head.world)}) or --base before`,
  );
}
