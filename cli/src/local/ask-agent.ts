/** SHELL. One question to the agent of this very node: a line over its socket, a line back. */
import { connect, type Socket } from "node:net";
import { ChimeraError, isErrorCode } from "@chimera/proto/errors";
import { LocalAnswer, maxAnswerBytes, type LocalRequest } from "@chimera/proto/local-api";
import { printableLine } from "../print/printable.ts";

export type Asked =
  | { kind: "answer"; answer: Extract<LocalAnswer, { ok: true }> }
  /** Nobody took the question. */
  | { kind: "absent"; reason: string }
  /** It may have been taken; the answer did not come. */
  | { kind: "lost"; reason: string };

export interface Question {
  socket: string;
  request: LocalRequest;
  signal: AbortSignal;
  patienceMs: number;
}

/** Throws what the agent refuses, with its code, and role-forbidden where only root may ask. */
export async function askAgent(question: Question): Promise<Asked> {
  const stream = connect({ path: question.socket });
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(question.patienceMs)]);
  const stop = () => stream.destroy(new Error("it did not answer in time"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    const asked = await exchange(stream, question.request);
    question.signal.throwIfAborted();
    return asked;
  } finally {
    signal.removeEventListener("abort", stop);
    stream.destroy();
  }
}

function exchange(stream: Socket, request: LocalRequest): Promise<Asked> {
  const pieces: Buffer[] = [];
  let size = 0;
  let connected = false;
  return new Promise((resolve, reject) => {
    stream.once("connect", () => {
      connected = true;
      stream.write(`${JSON.stringify(request)}\n`);
    });
    stream.on("data", (piece: Buffer) => {
      size += piece.length;
      if (size > maxAnswerBytes) stream.destroy(new Error("its answer is too large"));
      else pieces.push(piece);
    });
    stream.once("error", (error) => {
      const reason = printableLine(error.message);
      if (isForbidden(error)) reject(new ChimeraError("role-forbidden", `only root may ask: ${reason}`));
      else resolve({ kind: connected ? "lost" : "absent", reason });
    });
    stream.once("close", () => {
      const text = Buffer.concat(pieces).toString("utf8");
      if (text.endsWith("\n")) attempt(() => resolve({ kind: "answer", answer: readAnswer(text) }), reject);
      else resolve({ kind: connected ? "lost" : "absent", reason: "it ended without an answer" });
    });
  });
}

function attempt(work: () => void, reject: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    reject(error);
  }
}

function isForbidden(error: Error): boolean {
  return "code" in error && (error.code === "EACCES" || error.code === "EPERM");
}

function readAnswer(text: string): Extract<LocalAnswer, { ok: true }> {
  const result = LocalAnswer.safeParse(parseJson(text));
  if (!result.success) {
    throw new ChimeraError("state-invalid", "the agent answers what this chimera does not understand", {
      cause: new Error(result.error.issues[0]?.message ?? "no answer"),
    });
  }
  if (result.data.ok) return result.data;
  const { code, message } = result.data.error;
  if (isErrorCode(code)) throw new ChimeraError(code, message);
  throw new ChimeraError("tool-failed", `${code}: ${message}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
