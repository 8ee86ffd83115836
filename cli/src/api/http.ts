/** SHELL. One HTTP request to the controller: bounded in time and size, problem documents as ChimeraError. */
import type { IncomingMessage } from "node:http";
import { Problem } from "@chimera/proto/api";
import { ChimeraError, errorCodes, isErrorCode, type ErrorCode } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import { printable } from "../print/printable.ts";

const mostAttempts = 4;
const firstDelayMs = 150;
const maxBodyBytes = 128 * 1024 * 1024;

export interface HttpTarget {
  url: string;
  token: string | undefined;
  timeoutMs: number;
  attempts?: number;
}

export interface HttpRequest {
  method: "GET" | "PUT" | "POST";
  path: string;
  body?: string;
  contentType?: string;
}

interface HttpAnswer {
  status: number;
  body: string;
}

export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/**
 * Answers below 400. A request is sent again where the error table allows it: every PUT of the API names what it puts. A
 * POST is sent once: the second answer would tell of the second, and not what the first one did.
 */
export function createSend(io: Io, target: HttpTarget): Send {
  const { attempts = mostAttempts } = target;
  return async (request) => {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOnce(io, target, request).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      if ("answer" in outcome) return outcome.answer;
      const isLast = attempt === attempts || request.method === "POST" || io.signal.aborted;
      if (isLast || !mayRepeat(outcome.error)) throw outcome.error;
      await io.sleep(firstDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  };
}

function mayRepeat(error: unknown): boolean {
  if (!(error instanceof ChimeraError)) return false;
  // A server that did not answer in its full time is not asked three times more.
  return errorCodes[error.code].retry === "backoff" && error.code !== "deadline-exceeded";
}

async function attemptOnce(io: Io, target: HttpTarget, request: HttpRequest): Promise<HttpAnswer> {
  const what = `${request.method} ${target.url}${request.path}`;
  const timeout = AbortSignal.timeout(target.timeoutMs);
  const signal = AbortSignal.any([io.signal, timeout]);
  const { status, body } = await exchange(target, request, signal).catch((cause: unknown) => {
    if (cause instanceof ChimeraError) throw cause;
    // Several addresses, none of which answered: the first one says why.
    const reason: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
    throw new ChimeraError(timeout.aborted ? "deadline-exceeded" : "server-unreachable", what, {
      cause: reason,
    });
  });
  if (status >= 400) throw problemError(what, status, body);
  if (status < 300) return { status, body };
  // Following would carry the token to whoever the redirect names.
  throw new ChimeraError("server-unreachable", `${what}: HTTP ${status}, redirects are not followed`);
}

/** node:http, for the global fetch costs a command a quarter of its time to load. */
function exchange(target: HttpTarget, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const url = `${target.url}${request.path}`;
  const { body, contentType = "application/json", method } = request;
  // Not imported: an import reads every export, and one of node:http's loads the whole of fetch.
  const client = url.startsWith("https:")
    ? process.getBuiltinModule("node:https")
    : process.getBuiltinModule("node:http");
  const headers = {
    accept: "application/json",
    ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
    ...(body === undefined ? {} : { "content-type": contentType }),
  };
  return new Promise((resolve, reject) => {
    const sent = client.request(url, { method, headers, signal }, (response) => {
      readBounded(response, url).then(
        (text) => resolve({ status: response.statusCode ?? 0, body: text }),
        reject,
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function readBounded(response: IncomingMessage, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const part = Buffer.from(chunk);
    size += part.length;
    if (size > maxBodyBytes) throw new ChimeraError("body-too-large", `${url}: the answer is too large`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The server's own code and words where it sent a problem document, else what its status says. */
function problemError(what: string, status: number, text: string): ChimeraError {
  const problem = Problem.safeParse(parseJson(text));
  if (!problem.success) return new ChimeraError(codeOfStatus(status), `${what}: HTTP ${status}`);
  const { code, detail, errors } = problem.data;
  const fields = (errors ?? []).map(({ field, message }) => `\n  ${field}: ${message}`).join("");
  return new ChimeraError(
    isErrorCode(code) ? code : codeOfStatus(status),
    printable(`${what}: ${detail}${fields}`),
  );
}

export function codeOfStatus(status: number): ErrorCode {
  const codes: Record<number, ErrorCode> = {
    401: "token-invalid",
    403: "role-forbidden",
    404: "not-found",
    409: "write-conflict",
    413: "body-too-large",
    422: "input-invalid",
    503: "server-unreachable",
    504: "deadline-exceeded",
  };
  return codes[status] ?? (status < 500 ? "input-invalid" : "tool-failed");
}

/** Undefined for what is no JSON: the caller's schema refuses it by name. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
