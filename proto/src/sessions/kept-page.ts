/**
 * PURE. The newest output of a session, as it lies in NATS for those that look when its node is gone: pieces of equal length by position, each in a
 * place that a later piece takes over. A piece is a frame of output, so that one that was half written says where it ends.
 */
import { decodeFrame, encodeFrame } from "./session-frame.ts";
import type { StreamId } from "./session.ts";

export const keptPageBytes = 64 * 1024;
export const keptPages = 16;

/** The place of the piece in which that position lies. */
export function keptPageOf(position: number): number {
  return Math.floor(position / keptPageBytes) % keptPages;
}

/** @param from where the piece begins: a whole number of pieces, or where the output began to be heard */
export function encodeKeptPage({ stream, from, bytes }: KeptOutput): Uint8Array {
  return encodeFrame({ head: { kind: "output", stream, from }, bytes });
}

export interface KeptOutput {
  stream: StreamId;
  from: number;
  bytes: Uint8Array;
}

/**
 * The newest output in one piece: of the stream that was written last, what stands together with its end. Null where there is none.
 *
 * @param pages as they lie there, the one that was written last at the end
 */
export function joinKeptPages(pages: readonly Uint8Array[]): KeptOutput | null {
  const pieces = pages.flatMap((page) => pieceOf(page) ?? []);
  const stream = pieces.at(-1)?.stream;
  if (stream === undefined) return null;
  const [last, ...earlier] = pieces
    .filter((piece) => piece.stream === stream)
    .toSorted((a, b) => b.from - a.from);
  if (last === undefined) return null;
  const kept = [last];
  let { from } = last;
  for (const piece of earlier) {
    // One that overlaps is cut, one that does not reach the next is older than a piece that is missing.
    if (piece.from >= from || piece.from + piece.bytes.length < from) continue;
    kept.push({ ...piece, bytes: piece.bytes.subarray(0, from - piece.from) });
    from = piece.from;
  }
  return { stream, from, bytes: joined(kept.toReversed().map(({ bytes }) => bytes)) };
}

function pieceOf(page: Uint8Array): KeptOutput | null {
  const frame = decodeFrame(page);
  if (frame?.head.kind !== "output") return null;
  return { stream: frame.head.stream, from: frame.head.from, bytes: frame.bytes };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
