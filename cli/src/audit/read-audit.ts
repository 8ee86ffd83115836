/** SHELL. The audit log page by page, oldest first: however long it is, one page is held. */
import type { AuditApi, AuditPageQuery } from "../api/audit-api.ts";
import type { Io } from "../io.ts";

/** Each entry as it is stored. Ends by Ctrl-C too. */
export async function* readAudit(
  { signal }: Pick<Io, "signal">,
  api: Pick<AuditApi, "auditPage">,
  { since }: Pick<AuditPageQuery, "since"> = {},
): AsyncGenerator<string> {
  let query: AuditPageQuery = since === undefined ? { after: 0 } : { since };
  for (;;) {
    signal.throwIfAborted();
    const page = await api.auditPage(query);
    yield* page.entries;
    if (!page.more) return;
    query = { after: page.last };
  }
}
