/**
 * SHELL. Root's door to the agent: a Unix socket that takes one JSON line and answers one. Whoever sends half a line, too
 * much, garbage, or goes away, is answered or dropped; nothing of that reaches the agent.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
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

export interface LocalSocketOptions {
  runtimeDir: string;
  answer: (request: LocalRequest) => Promise<LocalAnswer>;
  log: Log;
  /** Shorter in tests. */
  patienceMs?: number;
}

export interface LocalSocket {
  /** Resolves at the first moment at which a client can connect. */
  ready: Promise<void>;
  close: () => void;
}

/** Each holds at most one request; whoever comes above that is sent away. */
const maxClients = 64;
const retryMs = 5_000;

export function serveLocalSocket(options: LocalSocketOptions): LocalSocket {
  const { runtimeDir, log } = options;
  const path = join(runtimeDir, localSocketName);
  const clients = new Set<Socket>();
  const ready = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | null = null;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
    serveClient(client, options);
  });
  server.maxConnections = maxClients;
  const open = () => listen(server, path, runtimeDir);
  server.on("error", (error) => {
    log.warn({ path, error }, "local socket could not be opened");
    timer = setTimeout(open, retryMs).unref();
  });
  server.on("listening", ready.resolve);
  open();
  return {
    ready: ready.promise,
    close() {
      if (timer !== null) clearTimeout(timer);
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}

/** One that a dead agent left would be in the way. Failures come as the server's error event, or are made one. */
function listen(server: Server, path: string, runtimeDir: string): void {
  try {
    mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
    rmSync(path, { force: true });
    server.listen({ path }, () => chmodSync(path, 0o600));
  } catch (error) {
    server.emit("error", error);
  }
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
