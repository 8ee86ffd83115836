/** SHELL. One HTTP request to the controller: bounded in time and size, problem documents as ChimeraError. */
import { Problem } from "@chimera/proto/api";
import { ChimeraError, errorCodes, isErrorCode, type ErrorCode } from "@chimera/proto/errors";
import type { Io } from "../io.ts";
import { printable } from "../print/printable.ts";

const attempts = 4;
const firstDelayMs = 150;
const maxBodyBytes = 128 * 1024 * 1024;

export interface HttpTarget {
  url: string;
  token: string | undefined;
  timeoutMs: number;
}

export interface HttpRequest {
  method: "GET" | "HEAD" | "PUT";
  path: string;
  body?: string;
  contentType?: string;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** Answers below 400; a GET or HEAD is sent again where the error table allows it. */
export function createSend(io: Io, target: HttpTarget): Send {
  return async (request) => {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOnce(io, target, request).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      if ("answer" in outcome) return outcome.answer;
      if (attempt === attempts || !mayRepeat(request, outcome.error) || io.signal.aborted)
        throw outcome.error;
      await io.sleep(firstDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  };
}

function mayRepeat({ method }: HttpRequest, error: unknown): boolean {
  if (method === "PUT" || !(error instanceof ChimeraError)) return false;
  // A server that did not answer in its full time is not asked three times more.
  return errorCodes[error.code].retry === "backoff" && error.code !== "deadline-exceeded";
}

async function attemptOnce(io: Io, target: HttpTarget, request: HttpRequest): Promise<HttpAnswer> {
  const { method, path, body } = request;
  const what = `${method} ${target.url}${path}`;
  const unreachable = (cause: unknown): never => {
    if (cause instanceof ChimeraError) throw cause;
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    throw new ChimeraError(timedOut ? "deadline-exceeded" : "server-unreachable", what, { cause });
  };
  const response = await fetch(`${target.url}${path}`, {
    method,
    headers: {
      accept: "application/json",
      ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
      ...(body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
    // A redirect would carry the token to whoever it names.
    redirect: "error",
    signal: AbortSignal.any([io.signal, AbortSignal.timeout(target.timeoutMs)]),
  }).catch(unreachable);
  const text = await readBounded(response, what).catch(unreachable);
  if (response.status < 400) return { status: response.status, body: text };
  throw problemError(what, response.status, text);
}

async function readBounded(response: Response, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new ChimeraError("body-too-large", `${what}: the answer is too large`);
    chunks.push(chunk);
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

function codeOfStatus(status: number): ErrorCode {
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
