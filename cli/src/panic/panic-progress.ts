/** PURE. How far each node is with a panic, by the receipts that it signed, and when that was first seen here. */
import type { NodeView } from "@chimera/proto/api";
import { ChimeraError } from "@chimera/proto/errors";
import type { Digest, NodeName } from "@chimera/proto/names";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { openReceipt, type Receipt } from "@chimera/proto/signed/receipt";
import { failedStates } from "@chimera/proto/state-word";

export const panicMarks = ["ack", "active", "pointer", "boot"] as const;
export type PanicMark = (typeof panicMarks)[number];

export interface PanicNode {
  node: NodeName;
  /** Milliseconds since the release at which this was seen; null where it was not. */
  marks: Record<PanicMark, number | null>;
  /** As the node says it, or "silent". */
  state: string;
  /** Why it needs a person; null where it does not. */
  problem: string | null;
  /** Its newest receipt of this panic, signed by it. */
  receipt: Envelope | null;
}

export interface PanicGoal {
  node: NodeName;
  /** Of its leaf in the signed world. */
  nodeKey: PublicKeyText;
}

/** What a node said: a receipt, and what its signed status adds to that. */
export interface NodeWord {
  node: NodeName;
  receipt: Envelope | null;
  state: string | null;
  problem: string | null;
}

/** Of a panic that was just released: nobody has answered. */
export function released(goals: readonly PanicGoal[]): PanicNode[] {
  return goals.map(({ node }) => ({
    node,
    marks: { ack: null, active: null, pointer: null, boot: null },
    state: "silent",
    problem: null,
    receipt: null,
  }));
}

/** Only what the node itself has signed; `verified` as checked here. */
export function wordOf({ node, status, verified }: NodeView): NodeWord | null {
  if (status === null || !verified) return null;
  const { receipt = null, state, problem } = status;
  return { node, receipt, state, problem: problem?.message ?? null };
}

export interface PanicLook {
  /** Ids of the panic: of those that were released at once for one head and one world, each node names the first it heard. */
  panics: ReadonlySet<Digest>;
  /** In the order in which they came. */
  words: readonly NodeWord[];
  keys: ReadonlyMap<NodeName, PublicKeyText>;
  /** Milliseconds since the release. */
  atMs: number;
}

/** What was seen once stays seen, at its first time. */
export function nextProgress(nodes: readonly PanicNode[], look: PanicLook): PanicNode[] {
  const said = Map.groupBy(look.words, ({ node }) => node);
  return nodes.map((before) =>
    (said.get(before.node) ?? []).reduce<PanicNode>((now, word) => nextOf(now, word, look), before),
  );
}

function nextOf(before: PanicNode, word: NodeWord, { panics, keys, atMs }: PanicLook): PanicNode {
  if (isBack(before)) return before;
  const receipt = receiptOf(word.receipt, keys.get(before.node), panics);
  if (receipt === null) return before;
  const marks = { ...before.marks };
  for (const mark of panicMarks) if (receipt.times[mark] !== null) marks[mark] ??= atMs;
  const state = word.state ?? receipt.state;
  const problem = isBack({ marks }) ? null : problemOf(state, word.problem);
  return { node: before.node, marks, state, problem, receipt: word.receipt };
}

function problemOf(state: string, message: string | null): string | null {
  return failedStates.has(state) ? `${state}: ${message ?? "it gave no reason"}` : null;
}

function receiptOf(
  envelope: Envelope | null,
  nodeKey: PublicKeyText | undefined,
  panics: ReadonlySet<Digest>,
): Receipt | null {
  if (envelope === null || nodeKey === undefined) return null;
  try {
    const receipt = openReceipt(envelope, nodeKey);
    return receipt.document.kind === "panic" && panics.has(receipt.document.id) ? receipt : null;
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

/** One that had only begun with the head has the world before in its profile and loader all the time: what runs counts too. */
export function isBack({ marks }: Pick<PanicNode, "marks">): boolean {
  return panicMarks.every((mark) => marks[mark] !== null);
}

/** Nobody is waited for any more. */
export function isPanicOver(nodes: readonly PanicNode[]): boolean {
  return nodes.every((node) => isBack(node) || node.problem !== null);
}
