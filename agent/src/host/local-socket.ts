/**
 * SHELL. Root's door to the agent: a Unix socket that takes one JSON line and answers one. Whoever sends half a line, too
 * much, garbage, or goes away, is answered or dropped; nothing of that reaches the agent.
 */
import type { Socket } from "node:net";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import {
  localError,
  LocalRequest,
  localSocketName,
  maxAnswerBytes,
  maxRequestBytes,
  type LocalAnswer,
} from "@chimera/proto/local-api";
import type { Log } from "@chimera/proto/log";
import { serveRootSocket, type RootSocket } from "./root-socket.ts";

export interface LocalSocketOptions {
  runtimeDir: string;
  answer: (request: LocalRequest) => Promise<LocalAnswer>;
  log: Log;
  /** Shorter in tests. */
  patienceMs?: number;
}

export function serveLocalSocket(options: LocalSocketOptions): RootSocket {
  const { runtimeDir, log } = options;
  const onClient = (client: Socket) => serveClient(client, options);
  return serveRootSocket({ runtimeDir, name: localSocketName, allowHalfOpen: true, onClient, log });
}

const usualPatienceMs = 10_000;

function serveClient(client: Socket, options: LocalSocketOptions): void {
  const { answer, log, patienceMs = usualPatienceMs } = options;
  // Of each phase as a whole: whoever sends a byte now and then is as slow as whoever sends none.
  let timer = setTimeout(() => client.destroy(), patienceMs).unref();
  const reply = (said: LocalAnswer) => {
    timer = setTimeout(() => client.destroy(), patienceMs).unref();
    send(client, said);
  };
  // A client that went away is not missed.
  client.on("error", () => client.destroy());
  client.once("close", () => clearTimeout(timer));
  readLine(client, (line) => {
    clearTimeout(timer);
    const request = typeof line === "string" ? parseRequest(line) : line;
    if ("ok" in request) reply(request);
    // The work takes what it takes; only a client that then does not read is dropped.
    else void answerSafely(request, answer, log).then(reply, () => client.destroy());
  });
}

/** Calls back once: with the first line, or with what is wrong with what came. */
function readLine(client: Socket, onLine: (line: string | LocalAnswer) => void): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const end = (line: string | LocalAnswer) => {
    client.off("data", take);
    client.off("end", halfLine);
    // What else it sends is read and thrown away, or the answer would be lost in a reset.
    client.resume();
    onLine(line);
  };
  const take = (piece: Buffer) => {
    const lineEnd = piece.indexOf(0x0a);
    const part = lineEnd < 0 ? piece : piece.subarray(0, lineEnd);
    size += part.length;
    if (size > maxRequestBytes) {
      return end(localError("body-too-large", `a request has at most ${maxRequestBytes} bytes`));
    }
    pieces.push(part);
    if (lineEnd >= 0) end(Buffer.concat(pieces).toString("utf8"));
  };
  const halfLine = () => end(localError("body-incomplete", "the request ended before its line did"));
  client.on("data", take);
  client.on("end", halfLine);
}

function parseRequest(line: string): LocalRequest | LocalAnswer {
  const result = LocalRequest.safeParse(parseJson(line));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return localError("input-invalid", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no request"}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Even a bug is said to whoever asked, and to the log: it must not end what drives the node. */
async function answerSafely(
  request: LocalRequest,
  answer: LocalSocketOptions["answer"],
  log: Log,
): Promise<LocalAnswer> {
  try {
    return await answer(request);
  } catch (error) {
    log.error({ command: request.command, error }, "local request failed");
    return localError(error instanceof ChimeraError ? error.code : "bug", errorChain(error));
  }
}

function send(client: Socket, answer: LocalAnswer): void {
  if (client.destroyed) return;
  const line = `${JSON.stringify(answer)}\n`;
  if (Buffer.byteLength(line) <= maxAnswerBytes) client.end(line);
  else client.end(`${JSON.stringify(localError("body-too-large", "the answer became too large"))}\n`);
}
