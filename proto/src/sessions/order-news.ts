/**
 * PURE. What becomes of an order's sessions on all of its nodes, line by line, as the controller tells it: first what is known, then whatever
 * changes. The lines are JSON; a line without news says that the connection is alive.
 */
import { z } from "zod";
import { IsoTime, NodeName } from "../names.ts";
import { canonicalBase64 } from "../signed/envelope.ts";
import { keptPageBytes } from "./kept-page.ts";
import { SessionFacts, SessionName } from "./session.ts";

export const OrderNews = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("facts"), node: NodeName, facts: SessionFacts, saidAt: IsoTime }),
  /** A piece of its output, as it lies in NATS (kept-page.ts): it comes again whenever there is more in it. */
  z.object({
    kind: z.literal("page"),
    node: NodeName,
    session: SessionName,
    page: canonicalBase64(Math.ceil((keptPageBytes + 1024) / 3) * 4),
  }),
  /** All that was known before has been told. */
  z.object({ kind: z.literal("told") }),
  z.object({ kind: z.literal("alive") }),
]);
export type OrderNews = z.infer<typeof OrderNews>;

export const newsEveryMs = 5_000;
/** GET /v1/orders/{id}/sessions?copies=N */
export const newsType = "application/x-ndjson";
/** Of one line. */
export const maxNewsBytes = 160 * 1024;
