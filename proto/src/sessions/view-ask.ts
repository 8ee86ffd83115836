/**
 * PURE. What somebody who watches a session tells its node, again every few seconds: what was seen so far, so that the node knows how much
 * the line carries, and goes on where it broke. Unsigned: who may watch is a matter of NATS' permissions; who may type is not.
 */
import { z } from "zod";
import { Count } from "../names.ts";
import { SessionName, StreamId } from "./session.ts";

/** 128 random bits: a subject of its own, on which nobody else's frames come. */
export const ViewerId = z.string().regex(/^[0-9a-f]{32}$/, "a viewer has 32 hex digits");
export type ViewerId = z.infer<typeof ViewerId>;

export const ViewAsk = z.object({
  v: z.literal(1),
  view: z.object({
    session: SessionName,
    viewer: ViewerId,
    /** Everything before that position of that stream; null: nothing yet. */
    seen: z.object({ stream: StreamId, to: Count }).nullable(),
    /** It has gone: nothing more is to be sent. */
    isOver: z.boolean(),
  }),
});
export type ViewAsk = z.infer<typeof ViewAsk>;

/** Which sessions the node has: answered by frames of kind `list`, under the name of no session. */
export const ListAsk = z.object({ v: z.literal(1), list: z.object({ viewer: ViewerId }) });
export type ListAsk = z.infer<typeof ListAsk>;

export const SessionAsk = z.union([ViewAsk, ListAsk]);
export type SessionAsk = z.infer<typeof SessionAsk>;

/** In the agent's runtime folder, for root on the node itself: asks as JSON lines, frames each after its length in 4 bytes, the highest first. */
export const sessionsSocketName = "sessions.sock";

/** Longer than any of them. */
export const maxAskBytes = 1024;
/** In the place of a session's name, where a list is sent; no session has this name. */
export const listToken = "-";

/** A viewer says so often that it is there … */
export const askEveryMs = 5_000;
/** … at least after so many bytes, when they come fast … */
export const askEveryBytes = 64 * 1024;
/** … and one that said nothing for so long is gone. */
export const viewerGoneMs = 20_000;
/** A node sends so much more than a viewer has said to have seen, and no more: what a slow line does not carry is skipped. */
export const unseenBytes = 512 * 1024;
