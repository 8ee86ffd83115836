/** PURE. The fetch of what an order names. A way back needs none. */
import { errorCodes } from "@chimera/proto/errors";
import { backoffMs } from "../backoff.ts";
import type { Decision } from "../decision.ts";
import { isWayBack, problemOf } from "../journal.ts";
import { go, refuse, wait, type Situation } from "../plan.ts";

export function decideAccepted(situation: Situation): Decision {
  const { observed, journal } = situation;
  const { fetch } = observed;
  const { id: head } = journal.order;
  if (isWayBack(journal)) return go(situation, { step: "staged", transitions: 0, problem: null });
  if (fetch.kind === "idle" || fetch.head !== head) return startFetch(situation);
  switch (fetch.kind) {
    case "running":
      return wait(situation, "fetching", `${fetch.doneBytes} of ${fetch.totalBytes} bytes`);
    case "done":
      return go(situation, { step: "staged", transitions: 0, problem: null });
    case "failed":
      return journal.retryAt === null ? fetchFailed(situation, fetch) : startFetch(situation);
  }
}

function startFetch(situation: Situation): Decision {
  const { journal, observed } = situation;
  return go(
    situation,
    { retryAt: null },
    {
      kind: "start-fetch",
      head: journal.order.id,
      toplevel: journal.toplevel,
      // Not what runs, where that is being left.
      keep: journal.before.current ?? observed.system.current,
      isLocal: journal.order.local !== null,
    },
  );
}

function fetchFailed(
  situation: Situation,
  failure: { code: keyof typeof errorCodes; message: string },
): Decision {
  const { journal, observed } = situation;
  if (errorCodes[failure.code].retry === "never") return refuse(situation, failure.code, failure.message);
  const problem = problemOf(failure.code, failure.message, observed);
  const fetch = journal.attempts.fetch + 1;
  return go(situation, {
    attempts: { ...journal.attempts, fetch },
    retryAt: observed.uptimeMs + backoffMs(fetch),
    problem,
  });
}
