// SHELL. What a node says of its sessions in NATS, with no controller between, and what it sends to whoever watches.
import { randomBytes } from "node:crypto";
import { AckMessage } from "@chimera/proto/api";
import { decodeFrame, type Frame } from "@chimera/proto/sessions/session-frame";
import { SessionFacts, type SessionName } from "@chimera/proto/sessions/session";
import { ViewerId } from "@chimera/proto/sessions/view-ask";
import { streams, subjects } from "@chimera/proto/subjects";
import type { NatsConnection } from "nats";
import type { Lab } from "../lab/lab.ts";
import { connectAsController } from "./raw-store.ts";

export interface RawSessions {
  /** What it said last; null where that is nothing. */
  facts(session: SessionName): Promise<SessionFacts | null>;
  /** As a line that stands still: it says again and again that it has seen nothing. */
  watch(session: SessionName): Promise<{ frames: Frame[]; end: () => void }>;
  /** Sent as a command: what the node refuses it for. */
  refusal(message: unknown): Promise<unknown>;
  close(): Promise<void>;
}

interface Place {
  fleetId: string;
  node: string;
}

export async function openRawSessions(lab: Lab, place: Place): Promise<RawSessions> {
  const client = await connectAsController(lab);
  const manager = await client.jetstreamManager();
  const { fleetId, node } = place;
  return {
    facts: async (session) => {
      const query = { last_by_subj: subjects.session(fleetId, node, session) };
      const found = await manager.streams.getMessage(streams.sessions, query).catch(() => null);
      return found === null || found.data.length === 0 ? null : SessionFacts.parse(found.json());
    },
    watch: (session) => watch(client, place, session),
    refusal: (message) => refusal(client, place, message),
    close: () => client.close(),
  };
}

const askEveryMs = 5_000;

async function watch(client: NatsConnection, { fleetId, node }: Place, session: SessionName) {
  const viewer = ViewerId.parse(randomBytes(16).toString("hex"));
  const frames: Frame[] = [];
  const heard = client.subscribe(subjects.sessionView(fleetId, node, { session, viewer }), {
    callback: (_error, { data }) => {
      const frame = decodeFrame(data);
      if (frame !== null) frames.push(frame);
    },
  });
  await client.flush();
  const view = { session, viewer, seen: null, isOver: false };
  const ask = () => client.publish(subjects.cmd(fleetId, node), JSON.stringify({ v: 1, view }));
  ask();
  const timer = setInterval(ask, askEveryMs);
  const end = () => {
    clearInterval(timer);
    heard.unsubscribe();
  };
  return { frames, end };
}

async function refusal(client: NatsConnection, { fleetId, node }: Place, message: unknown): Promise<unknown> {
  const answers = client.subscribe(subjects.ack(fleetId, node), { timeout: 10_000, max: 1 });
  client.publish(subjects.cmd(fleetId, node), JSON.stringify(message));
  for await (const answer of answers) {
    const said = AckMessage.parse(answer.json());
    return "refused" in said ? said.refused : said;
  }
  throw new Error(`${node} gives no answer`);
}
