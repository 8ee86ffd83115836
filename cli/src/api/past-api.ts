/** SHELL. The part of /v1 that tells of the past. Signatures of what comes from here are checked by whoever asked. */
import { DocumentsRevision, EventPage, PastDocuments } from "@chimera/proto/past-api";
import { ask } from "./ask.ts";
import type { Send } from "./http.ts";

export interface PageQuery {
  /** ISO times. */
  since?: string | undefined;
  until?: string | undefined;
  after?: number | undefined;
  node?: string | undefined;
  types?: readonly string[] | undefined;
  limit: number;
}

export interface PastApi {
  eventPage(query: PageQuery): Promise<EventPage>;
  /** Panics, orders and rollout records that the store still keeps. */
  pastDocuments(): Promise<PastDocuments>;
  /** Another number than before where they, or the heads, may have changed: also a lower one, after a loss. */
  documentsRevision(): Promise<number>;
}

export function createPastApi(send: Send): PastApi {
  return {
    eventPage: ({ types, ...query }) => {
      const words = new URLSearchParams();
      for (const [name, value] of Object.entries({ ...query, type: types?.join(",") })) {
        if (value !== undefined) words.set(name, String(value));
      }
      return ask(send, { method: "GET", path: `/v1/events/page?${words.toString()}` }, EventPage);
    },
    pastDocuments: () => ask(send, { method: "GET", path: "/v1/documents" }, PastDocuments),
    documentsRevision: async () =>
      (await ask(send, { method: "GET", path: "/v1/documents/revision" }, DocumentsRevision)).revision,
  };
}
