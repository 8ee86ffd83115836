/**
 * PURE. What every node said last of each of its sessions: only what says of itself what its subject says, and bounded for each node, so that one
 * that makes up names pushes out nothing but its own.
 */
import type { NodeName } from "@chimera/proto/names";
import { mostListed, type ListedSession } from "@chimera/proto/sessions/session-api";
import { SessionFacts } from "@chimera/proto/sessions/session";

interface SaidOfSession {
  node: NodeName;
  session: string;
  /** Empty: the node has forgotten it. */
  text: string;
  /** ISO time. */
  saidAt: string;
}

export interface SessionBook {
  /** False for what is no facts of that session, and where its node has too many that run. */
  take(said: SaidOfSession): boolean;
  /** Nodes that are not of the fleet any more have no sessions. */
  keepOnly(isKnown: (node: NodeName) => boolean): void;
  /** By node and name. */
  list(): ListedSession[];
}

/** A node has at most 576 that run and keeps 512 that have ended; what it has just forgotten may still be here, and half as many again is enough. */
export const mostOfNode = 1_536;

type Page = Map<string, ListedSession>;

interface State {
  nodes: Map<NodeName, Page>;
  count: number;
  /** Null since a session came or went. */
  names: { node: NodeName; session: string }[] | null;
  most: number;
}

export function createSessionBook(most = mostListed): SessionBook {
  const state: State = { nodes: new Map(), count: 0, names: null, most };
  return {
    take({ node, session, text, saidAt }) {
      if (text === "") return remove(state, node, session);
      const facts = SessionFacts.safeParse(parseJson(text));
      if (!facts.success || facts.data.name !== session) return false;
      const isKnown = state.nodes.get(node)?.has(session) === true;
      if (!isKnown && !makeRoom(state, node)) return false;
      const page = state.nodes.get(node) ?? new Map<string, ListedSession>();
      state.nodes.set(node, page);
      page.set(session, { node, facts: facts.data, saidAt });
      if (isKnown) return true;
      state.count += 1;
      state.names = null;
      return true;
    },
    keepOnly(isKnown) {
      for (const [node, page] of state.nodes) {
        if (isKnown(node)) continue;
        state.nodes.delete(node);
        state.count -= page.size;
        state.names = null;
      }
    },
    list() {
      state.names ??= [...state.nodes.keys()]
        .toSorted()
        .flatMap((node) => sessionsOf(state, node).map((session) => ({ node, session })));
      return state.names.flatMap(({ node, session }) => state.nodes.get(node)?.get(session) ?? []);
    },
  };
}

function sessionsOf({ nodes }: State, node: NodeName): string[] {
  return [...(nodes.get(node)?.keys() ?? [])].toSorted();
}

function remove(state: State, node: NodeName, session: string): boolean {
  const page = state.nodes.get(node);
  if (page?.delete(session) !== true) return false;
  state.count -= 1;
  state.names = null;
  if (page.size === 0) state.nodes.delete(node);
  return true;
}

/** Of a node that has too many its own oldest goes; where all have, that of whoever has most. */
function makeRoom(state: State, node: NodeName): boolean {
  const own = state.nodes.get(node);
  if (own !== undefined && own.size >= mostOfNode) return dropOldest(state, node, own);
  if (state.count < state.most) return true;
  const [largest, page] = largestOf(state.nodes);
  return largest !== null && page.size > (own?.size ?? 0) + 1 && dropAny(state, largest, page);
}

function largestOf(nodes: ReadonlyMap<NodeName, Page>): [NodeName | null, Page] {
  let largest: [NodeName | null, Page] = [null, new Map()];
  for (const entry of nodes) if (entry[1].size > largest[1].size) largest = entry;
  return largest;
}

/** Of those that have ended; what runs is not forgotten for a new name. */
function dropOldest(state: State, node: NodeName, page: Page): boolean {
  let oldest: ListedSession | null = null;
  for (const one of page.values()) {
    if (one.facts.state === "running") continue;
    if (oldest === null || endOf(one) < endOf(oldest)) oldest = one;
  }
  return oldest !== null && remove(state, node, oldest.facts.name);
}

function dropAny(state: State, node: NodeName, page: Page): boolean {
  if (dropOldest(state, node, page)) return true;
  const [first] = page.keys();
  return first !== undefined && remove(state, node, first);
}

/** By when it was said where nobody saw its end: its node cannot make that up. */
function endOf({ facts, saidAt }: ListedSession): string {
  return facts.endedAt ?? saidAt;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
