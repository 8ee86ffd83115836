/** SHELL. Sessions of all nodes: what was said of them last, what was kept of their output, and watching one. */
import { randomBytes } from "node:crypto";
import type { Log } from "@chimera/proto/log";
import { NodeName, type FleetId } from "@chimera/proto/names";
import type { KeyMessage } from "@chimera/proto/sessions/keyboard";
import type { SessionName } from "@chimera/proto/sessions/session";
import type { KeptPages, ListedSession, WatchAsk } from "@chimera/proto/sessions/session-api";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { ViewerId, type ViewAsk } from "@chimera/proto/sessions/view-ask";
import { streams, subjects } from "@chimera/proto/subjects";
import { createSessionBook } from "../fleet/session-book.ts";
import type { NatsLink } from "./connection.ts";
import { storedMsOf } from "./read-envelope.ts";
import { readLast } from "./read-stream.ts";

export interface SessionStore {
  list(): ListedSession[];
  kept(at: SessionAt): Promise<KeptPages>;
  /** A viewer of its own, from its first ask on. */
  watch(at: SessionAt, take: (frame: Uint8Array) => void): SessionWatch;
  /** Must run after each connect: reads what was said while nobody listened. */
  readLastValues(): Promise<void>;
}

export interface SessionAt {
  node: NodeName;
  session: SessionName;
}

export interface SessionWatch {
  /** Throws server-unreachable. */
  ask(ask: WatchAsk): void;
  /** To the node, which knows whether they count. Throws server-unreachable. */
  type(message: KeyMessage): void;
  end(): void;
}

interface Source {
  link: NatsLink;
  fleetId: FleetId;
  log: Log;
  mending: <T>(work: Promise<T>) => Promise<T>;
  /** Of a registered node. */
  nodeKey: (node: NodeName) => PublicKeyText | undefined;
}

export function openSessionStore({ link, fleetId, log, mending, nodeKey }: Source): SessionStore {
  const book = createSessionBook();
  function take(subject: string, text: string, ms: number) {
    const [, , , name, session = ""] = subject.split(".");
    const node = NodeName.safeParse(name);
    if (!node.success) return;
    const isTaken = book.take({ node: node.data, session, text, saidAt: new Date(ms).toISOString() });
    if (!isTaken && text !== "") log.warn({ node: node.data, session }, "facts of a session refused");
  }
  link.subscribe(subjects.session(fleetId, "*", "*"), (message) =>
    take(message.subject, message.string(), Date.now()),
  );
  return {
    list() {
      book.keepOnly((node) => nodeKey(node) !== undefined);
      return book.list();
    },
    async kept({ node, session }) {
      const subject = subjects.sessionPage(fleetId, node, { session, page: "*" });
      const messages = await mending(readLast(link, streams.sessions, subject));
      return {
        pages: messages.map((message) => ({
          saidAt: new Date(storedMsOf(message)).toISOString(),
          page: Buffer.from(message.data).toString("base64"),
        })),
      };
    },
    watch: (at, onFrame) => watch({ link, fleetId }, at, onFrame),
    async readLastValues() {
      for (const message of await readLast(link, streams.sessions, subjects.session(fleetId, "*", "*")))
        take(message.subject, message.string(), storedMsOf(message));
    },
  };
}

function watch(
  { link, fleetId }: Pick<Source, "link" | "fleetId">,
  { node, session }: SessionAt,
  take: (frame: Uint8Array) => void,
): SessionWatch {
  const viewer = ViewerId.parse(randomBytes(16).toString("hex"));
  const stop = link.subscribe(subjects.sessionView(fleetId, node, { session, viewer }), ({ data }) =>
    take(data),
  );
  const say = (view: Pick<ViewAsk["view"], "seen" | "isOver">) => {
    const ask: ViewAsk = { v: 1, view: { session, viewer, ...view } };
    link.publish(subjects.cmd(fleetId, node), JSON.stringify(ask));
  };
  return {
    ask: ({ seen }) => say({ seen, isOver: false }),
    type: (message) => link.publish(subjects.sessionKeys(fleetId, node, session), JSON.stringify(message)),
    end() {
      stop();
      // Without a connection the node finds out by itself that nobody asks any more.
      if (link.connected()) say({ seen: null, isOver: true });
    },
  };
}
