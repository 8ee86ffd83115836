/** PURE. Sessions of a whole fleet, as the controller tells of them, and what a viewer says over its WebSocket. */
import { z } from "zod";
import { Count, IsoTime, NodeName } from "../names.ts";
import { canonicalBase64 } from "../signed/envelope.ts";
import { KeyMessage } from "./keyboard.ts";
import { keptPageBytes, keptPages } from "./kept-page.ts";
import { SessionFacts, StreamId } from "./session.ts";

/** What a node said last of one of its sessions; a node that is gone says nothing newer. */
export const ListedSession = z.object({ node: NodeName, facts: SessionFacts, saidAt: IsoTime });
export type ListedSession = z.infer<typeof ListedSession>;

export const mostListed = 20_000;

/** GET /v1/sessions */
export const SessionList = z.object({ sessions: z.array(ListedSession).max(mostListed) });
export type SessionList = z.infer<typeof SessionList>;

/** A frame's head is beside its bytes. */
const pageText = Math.ceil((keptPageBytes + 1024) / 3) * 4;

/** GET /v1/sessions/{node}/{session}/kept: pieces as in kept-page.ts, the one that was written last at the end. */
export const KeptPages = z.object({
  pages: z.array(z.object({ saidAt: IsoTime, page: canonicalBase64(pageText) })).max(keptPages),
});
export type KeptPages = z.infer<typeof KeptPages>;

/**
 * What a viewer says over /v1/sessions/{node}/{session}/attach, as text, at once and again as view-ask.ts has it. Session and viewer are the
 * connection's own. The other way come frames (session-frame.ts), each a message of bytes.
 */
export const WatchAsk = z.object({
  v: z.literal(1),
  seen: z.object({ stream: StreamId, to: Count }).nullable(),
});
export type WatchAsk = z.infer<typeof WatchAsk>;

/** Beside that: what whoever holds the keyboard typed. The controller only carries it; a token that may only read may not send it. */
export const WatchSaid = z.union([WatchAsk, z.object({ v: z.literal(1), typed: KeyMessage })]);
export type WatchSaid = z.infer<typeof WatchSaid>;
