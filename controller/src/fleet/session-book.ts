/** PURE. What every node said last of each of its sessions: bounded, and only what says of itself what its subject says. */
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
  /** False for what is no facts of that session, and where too many others are known. */
  take(said: SaidOfSession): boolean;
  /** By node and name. */
  list(): ListedSession[];
}

export function createSessionBook(): SessionBook {
  const entries = new Map<string, ListedSession>();
  /** Null since a session came or went. */
  let names: string[] | null = null;
  return {
    take({ node, session, text, saidAt }) {
      const key = `${node}/${session}`;
      if (text === "") {
        names = null;
        return entries.delete(key);
      }
      const facts = SessionFacts.safeParse(parseJson(text));
      if (!facts.success || facts.data.name !== session) return false;
      if (!entries.has(key) && entries.size >= mostListed) return false;
      if (!entries.has(key)) names = null;
      entries.set(key, { node, facts: facts.data, saidAt });
      return true;
    },
    list() {
      names ??= [...entries.keys()].toSorted();
      return names.flatMap((key) => entries.get(key) ?? []);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
