/** SHELL. To sessions straight over NATS, with the operator's own nkey: no controller is needed. */
import { randomBytes } from "node:crypto";
import type { FleetId } from "@chimera/proto/names";
import { joinKeptPages } from "@chimera/proto/sessions/kept-page";
import { ListedSession } from "@chimera/proto/sessions/session-api";
import { ViewerId, type ViewAsk } from "@chimera/proto/sessions/view-ask";
import { subjects } from "@chimera/proto/subjects";
import { parseJson } from "../../api/http.ts";
import type { NatsLink } from "../../nats/connection.ts";
import type { StoredMessage } from "../../nats/read-stored.ts";
import type { Seen } from "../view-stream.ts";
import type { Hearing, SessionAt, SessionRoad, ViewLine } from "./session-road.ts";

export function createNatsRoad(link: NatsLink, fleetId: FleetId): SessionRoad {
  const lines = new Set<Hearing>();
  link.onLost(() => {
    for (const hearing of lines) hearing.broken("NATS is away");
    lines.clear();
  });
  return {
    over: "NATS",
    async list({ node, session } = {}) {
      const subject = subjects.session(fleetId, node ?? "*", session ?? "*");
      const stored = await link.readStored({ get: subjects.sessionsGet, subject });
      return stored.flatMap((message) => listedOf(message) ?? []);
    },
    async kept({ node, session }) {
      const subject = subjects.sessionPage(fleetId, node, { session, page: "*" });
      const pages = await link.readStored({ get: subjects.sessionsGet, subject });
      const joined = joinKeptPages(pages.map(({ data }) => data));
      return joined === null ? null : { ...joined, saidAt: pages.at(-1)?.storedAt ?? "" };
    },
    async view(at, hearing) {
      const line = openLine(link, { ...at, fleetId }, hearing);
      lines.add(hearing);
      const close = (): void => {
        lines.delete(hearing);
        line.close();
      };
      await link.flush().catch((error: unknown) => {
        close();
        throw error;
      });
      return { ask: (seen) => line.ask(seen), type: (message) => line.type?.(message), close };
    },
    async close() {
      // That the viewer has gone is still under way; where NATS is away, the node finds out by itself.
      await link.flush().catch(() => undefined);
      await link.close();
    },
  };
}

function openLine(
  link: NatsLink,
  { fleetId, node, session }: SessionAt & { fleetId: FleetId },
  hearing: Hearing,
): ViewLine {
  const viewer = ViewerId.parse(randomBytes(16).toString("hex"));
  const subject = subjects.sessionView(fleetId, node, { session, viewer });
  const stop = link.subscribe(subject, (data) => hearing.frame(data));
  const say = (view: { seen: Seen | null; isOver: boolean }): void => {
    const ask: ViewAsk = { v: 1, view: { session, viewer, ...view } };
    link.publish(subjects.cmd(fleetId, node), JSON.stringify(ask));
  };
  return {
    ask: (seen) => say({ seen, isOver: false }),
    type: (message) => link.publish(subjects.sessionKeys(fleetId, node, session), JSON.stringify(message)),
    close() {
      stop();
      say({ seen: null, isOver: true });
    },
  };
}

/** What says of itself what its subject does not is nobody's. */
function listedOf({ subject, data, storedAt }: StoredMessage): ListedSession | null {
  const [, , , node, session] = subject.split(".");
  const facts = parseJson(Buffer.from(data).toString("utf8"));
  const listed = ListedSession.safeParse({ node, facts, saidAt: storedAt });
  return listed.success && listed.data.facts.name === session ? listed.data : null;
}
