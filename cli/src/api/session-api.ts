/** SHELL. The part of /v1 that tells of sessions; what nodes say of them is unsigned. */
import type { NodeName } from "@chimera/proto/names";
import { KeptPages, SessionList, type ListedSession } from "@chimera/proto/sessions/session-api";
import type { SessionName } from "@chimera/proto/sessions/session";
import { ask } from "./ask.ts";
import type { Send } from "./http.ts";

export interface SessionApi {
  /** Also those that have ended, unless told otherwise. */
  sessions(which?: {
    node?: NodeName | undefined;
    session?: SessionName | undefined;
    isRunning?: boolean;
  }): Promise<ListedSession[]>;
  keptPages(node: string, session: string): Promise<KeptPages["pages"]>;
}

export function createSessionApi(send: Send): SessionApi {
  return {
    sessions: async ({ node, session, isRunning = false } = {}) => {
      const words = new URLSearchParams({
        all: `${!isRunning}`,
        ...(node === undefined ? {} : { node }),
        ...(session === undefined ? {} : { session }),
      });
      return (await ask(send, { method: "GET", path: `/v1/sessions?${words.toString()}` }, SessionList))
        .sessions;
    },
    keptPages: async (node, session) =>
      (await ask(send, { method: "GET", path: `/v1/sessions/${node}/${session}/kept` }, KeptPages)).pages,
  };
}
