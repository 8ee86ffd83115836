/** SHELL. Events of a fleet, page by page, oldest first, each once: however many there are, one page is held. */
import type { StoredEvent } from "@chimera/proto/past-api";
import type { PageQuery, PastApi } from "../api/past-api.ts";
import type { Io } from "../io.ts";
import { createOnce } from "./once.ts";

const pageSize = 1000;

export interface EventsRead {
  /** Where to go on. */
  last: number;
  oldestAt: string | null;
}

export interface EventQuery extends Omit<PageQuery, "limit" | "after"> {
  after?: number | undefined;
  /** Kept from one reading to the next. */
  once?: (name: string) => boolean;
}

/** Its return value says where to go on. Ends by Ctrl-C too. */
export async function* readEvents(
  { signal }: Pick<Io, "signal">,
  api: Pick<PastApi, "eventPage">,
  { once = createOnce(), ...query }: EventQuery,
): AsyncGenerator<StoredEvent, EventsRead> {
  if (query.types?.length === 0) return { last: query.after ?? 0, oldestAt: null };
  for (let { after } = query; ;) {
    signal.throwIfAborted();
    const page = await api.eventPage({ ...query, after, limit: pageSize });
    yield* page.events.filter(({ event }) => once(`${event.source} ${event.id}`));
    // A stream that was lost counts from 1 again: what it has now is all news.
    const isAnother = page.last < (after ?? 0);
    if (!page.more && !isAnother) return page;
    after = isAnother ? undefined : page.last;
  }
}
