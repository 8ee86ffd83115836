/**
 * PURE. What a node sends a viewer of a session: a line of JSON that says what it is, then bytes of a terminal as they are.
 */
import { z } from "zod";
import { isErrorCode } from "../errors.ts";
import { Count } from "../names.ts";
import { SessionFacts, StreamId, TerminalSize } from "./session.ts";

/** A message that is longer waits too long before it is seen, and a slow line cannot be told from a dead one. */
export const maxFrameBytes = 64 * 1024;

export const FrameHead = z.discriminatedUnion("kind", [
  /** The bytes are the session's output from that position on. */
  z.object({ kind: z.literal("output"), stream: StreamId, from: Count }),
  /**
   * The bytes are first what had scrolled away, in whole lines, then what makes an empty terminal of that size look as the session's did
   * at that position of its output. They come in one or more frames; the last one says so.
   */
  z.object({
    kind: z.literal("screen"),
    stream: StreamId,
    at: Count,
    size: TerminalSize,
    /** Of these bytes, in all frames together: so many are what had scrolled away. */
    history: Count,
    /** Bytes of output that this viewer will never see; null where nobody counted them. */
    lost: Count.nullable(),
    isFirst: z.boolean(),
    isLast: z.boolean(),
  }),
  /** Something about it changed: its size, who types, its end. */
  z.object({ kind: z.literal("facts"), facts: SessionFacts }),
  /** The bytes are facts of sessions, as a JSON array: these, and those of the frames that follow. */
  z.object({ kind: z.literal("list"), isLast: z.boolean() }),
  z.object({
    kind: z.literal("refused"),
    code: z.string().refine(isErrorCode),
    message: z.string().max(1024),
  }),
]);
export type FrameHead = z.infer<typeof FrameHead>;

export interface Frame {
  head: FrameHead;
  bytes: Uint8Array;
}

/** What the bytes of a frame of kind `list` are. */
export const ListedSessions = z.array(SessionFacts).max(1024);

const maxHeadBytes = 4096;
const lineFeed = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeFrame({ head, bytes }: Frame): Uint8Array {
  const line = encoder.encode(`${JSON.stringify(head)}\n`);
  const message = new Uint8Array(line.length + bytes.length);
  message.set(line);
  message.set(bytes, line.length);
  return message;
}

/** Null for what is no frame, or larger than one. */
export function decodeFrame(message: Uint8Array): Frame | null {
  if (message.length > maxHeadBytes + maxFrameBytes) return null;
  const end = message.subarray(0, maxHeadBytes).indexOf(lineFeed);
  if (end === -1) return null;
  const head = FrameHead.safeParse(parseJson(decoder.decode(message.subarray(0, end))));
  return head.success ? { head: head.data, bytes: message.subarray(end + 1) } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
