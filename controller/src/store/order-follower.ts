/**
 * SHELL. What sessions of one order show on all nodes: what JetStream has of it, then what comes. Nobody is asked, and no node sends more for it:
 * it is what nodes keep in the store anyway.
 */
import { NodeName, type FleetId } from "@chimera/proto/names";
import { SessionFacts, SessionName } from "@chimera/proto/sessions/session";
import type { OrderNews } from "@chimera/proto/sessions/order-news";
import { streams, subjects } from "@chimera/proto/subjects";
import type { JsMsg } from "nats";
import type { NatsLink } from "./connection.ts";
import { storedMsOf } from "./read-envelope.ts";
import { readLast } from "./read-stream.ts";

export interface OrderFollower {
  /** Until `stop`. Throws server-unreachable where what is stored cannot be read. */
  follow(sessions: readonly SessionName[], tell: (news: OrderNews) => void): Promise<{ stop: () => void }>;
}

interface Source {
  link: NatsLink;
  fleetId: FleetId;
  mending: <T>(work: Promise<T>) => Promise<T>;
}

export function createOrderFollower({ link, fleetId, mending }: Source): OrderFollower {
  return {
    async follow(sessions, tell) {
      // What comes while the stored is read is newer than that, and told after it.
      let waiting: OrderNews[] | null = [];
      const take = (news: OrderNews | null) => {
        if (news === null) return;
        if (waiting === null) tell(news);
        else waiting.push(news);
      };
      const wanted = subjectsOf(fleetId, sessions);
      const names: ReadonlySet<string> = new Set(sessions);
      const read = (subject: string, data: Uint8Array, ms: number) => newsOf({ subject, data, ms }, names);
      const stops = wanted.map((subject) =>
        link.subscribe(subject, (message) => take(read(message.subject, message.data, Date.now()))),
      );
      const stop = () => {
        for (const one of stops) one();
      };
      for (const message of await lastOf({ link, mending }, wanted, stop)) {
        const news = read(message.subject, message.data, storedMsOf(message));
        if (news !== null) tell(news);
      }
      const missed = waiting;
      waiting = null;
      for (const news of missed) tell(news);
      tell({ kind: "told" });
      return { stop };
    },
  };
}

/** Of a few names theirs, of many those of all sessions, of which most are others'. */
const fewNames = 32;

function subjectsOf(fleetId: FleetId, sessions: readonly SessionName[]): string[] {
  const asked = sessions.length > fewNames ? ["*"] : sessions;
  return asked.flatMap((session) => [
    subjects.session(fleetId, "*", session),
    subjects.sessionPage(fleetId, "*", { session, page: "*" }),
  ]);
}

async function lastOf(
  { link, mending }: Omit<Source, "fleetId">,
  wanted: readonly string[],
  stop: () => void,
): Promise<JsMsg[]> {
  try {
    return await mending(readLast(link, streams.sessions, ...wanted));
  } catch (error) {
    stop();
    throw error;
  }
}

interface Said {
  subject: string;
  data: Uint8Array;
  ms: number;
}

/** Null for what is of another session, what a node has forgotten, or what says something else than its subject. */
function newsOf({ subject, data, ms }: Said, names: ReadonlySet<string>): OrderNews | null {
  const [, , , name, word = "", part] = subject.split(".");
  const node = NodeName.safeParse(name);
  const session = SessionName.safeParse(word);
  if (!names.has(word) || !node.success || !session.success || data.length === 0) return null;
  if (part === "page")
    return {
      kind: "page",
      node: node.data,
      session: session.data,
      page: Buffer.from(data).toString("base64"),
    };
  const facts = SessionFacts.safeParse(parseJson(data));
  if (!facts.success || facts.data.name !== session.data) return null;
  return { kind: "facts", node: node.data, facts: facts.data, saidAt: new Date(ms).toISOString() };
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return undefined;
  }
}
