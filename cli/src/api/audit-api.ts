/** SHELL. The audit log of a controller: entries as they are stored, and the newest word of the online key. Whoever asked checks both. */
import { AuditPage, AuditSigned } from "@chimera/proto/audit/audit-api";
import type { Envelope } from "@chimera/proto/signed/envelope";
import { ask } from "./ask.ts";
import type { Send } from "./http.ts";

export interface AuditPageQuery {
  /** An ISO time. */
  since?: string | undefined;
  after?: number | undefined;
}

export interface AuditApi {
  auditPage(query: AuditPageQuery): Promise<AuditPage>;
  auditSigned(): Promise<Envelope | null>;
}

export function createAuditApi(send: Send): AuditApi {
  return {
    auditPage: ({ since, after }) => {
      const words = new URLSearchParams();
      if (since !== undefined) words.set("since", since);
      if (after !== undefined) words.set("after", String(after));
      return ask(send, { method: "GET", path: `/v1/audit?${words.toString()}` }, AuditPage);
    },
    auditSigned: async () =>
      (await ask(send, { method: "GET", path: "/v1/audit/checkpoint" }, AuditSigned)).envelope,
  };
}
