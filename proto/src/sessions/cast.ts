/**
 * PURE. Recordings of terminals in the format that asciinema made (asciicast, version 2): a line of JSON that says what it is, then a line for each
 * event. A file of somebody else is hostile: every line is bounded, and nothing in it is taken for what it says.
 */
import { TerminalSize } from "./session.ts";
import { z } from "zod";

/** A frame of a session, each byte of it written as six. */
export const maxCastLine = 1 << 20;

const CastHeader = z.object({
  version: z.literal(2),
  width: TerminalSize.shape.columns,
  height: TerminalSize.shape.rows,
  /** Seconds since 1970. */
  timestamp: z.number().optional(),
  title: z.string().max(1024).optional(),
});

/** Output, a new size as "80x24", a marker; others, as input, say nothing here. */
const CastEvent = z.tuple([z.number().min(0).max(1e9), z.string().max(16), z.string()]);

export interface CastStart {
  size: TerminalSize;
  title: string;
  timestamp: number;
}

export type CastStep =
  | { kind: "output"; atMs: number; text: string }
  | { kind: "resize"; atMs: number; size: TerminalSize }
  | { kind: "marker"; atMs: number; text: string }
  | { kind: "other"; atMs: number };

export function castHeader({ size, title, timestamp }: CastStart): string {
  const header = { version: 2, width: size.columns, height: size.rows, timestamp, title };
  return `${JSON.stringify(header)}\n`;
}

export function castEvent(step: Exclude<CastStep, { kind: "other" }>): string {
  const [code, data] =
    step.kind === "output"
      ? ["o", step.text]
      : step.kind === "marker"
        ? ["m", step.text]
        : ["r", `${step.size.columns}x${step.size.rows}`];
  return `${JSON.stringify([Math.round(step.atMs) / 1000, code, data])}\n`;
}

/** A player reads a line at once: each byte of a piece may be six there. */
const pieceBytes = 64 << 10;

export interface CastPieces {
  /** As text, piece by piece; a character may come in two of them, and what is none is replaced. */
  take: (bytes: Uint8Array) => string[];
  /** Of a character whose end never came; else empty. */
  rest: () => string;
}

export function createCastPieces(): CastPieces {
  // A mark of byte order is a character of the output as any other.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    take(bytes) {
      const pieces: string[] = [];
      for (let at = 0; at < bytes.length; at += pieceBytes)
        pieces.push(decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: true }));
      return pieces.filter((piece) => piece !== "");
    },
    rest: () => decoder.decode(),
  };
}

/** Null for what is none. */
export function readCastHeader(line: string): { size: TerminalSize; title: string } | null {
  const header = CastHeader.safeParse(parseJson(line)).data;
  if (header === undefined) return null;
  return { size: { columns: header.width, rows: header.height }, title: header.title ?? "" };
}

/** Null for what is none. */
export function readCastEvent(line: string): CastStep | null {
  const event = CastEvent.safeParse(parseJson(line)).data;
  if (event === undefined) return null;
  const [seconds, code, text] = event;
  const atMs = seconds * 1000;
  if (code === "o") return { kind: "output", atMs, text };
  if (code === "m") return { kind: "marker", atMs, text };
  const [, columns, rows] = (code === "r" ? /^(\d{1,4})x(\d{1,4})$/u.exec(text) : null) ?? [];
  const size = TerminalSize.safeParse({ columns: Number(columns), rows: Number(rows) }).data;
  return size === undefined ? { kind: "other", atMs } : { kind: "resize", atMs, size };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
