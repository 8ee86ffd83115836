/** SHELL. Every error as a problem document (RFC 9457), its status from the one table. */
import type { Problem } from "@chimera/proto/api";
import { ChimeraError, errorChain, errorCodes, type ErrorCode } from "@chimera/proto/errors";
import { HTTPException } from "hono/http-exception";
import type { FieldProblem } from "../files/describe-issues.ts";

const retryAfterSeconds = 2;
/** As long as the shorter of the windows in which requests are counted. */
const limitSeconds = 10;

export interface ProblemInput {
  code: ErrorCode;
  detail: string;
  errors?: FieldProblem[];
}

export function problemResponse({ code, detail, errors }: ProblemInput): Response {
  const status = errorCodes[code].http;
  const problem: Problem = {
    type: `urn:chimera:problem:${code}`,
    title: code.replaceAll("-", " "),
    status,
    detail: detail.slice(0, 4096),
    code,
    ...(errors === undefined ? {} : { errors }),
  };
  return new Response(JSON.stringify(problem), { status, headers: problemHeaders(status) });
}

/** What a client may know of an error; the text of a bug stays in the log. */
export function toProblem(error: unknown): ProblemInput {
  if (error instanceof ChimeraError) return { code: error.code, detail: errorChain(error) };
  if (error instanceof HTTPException && error.status < 500) {
    return { code: "input-invalid", detail: error.message };
  }
  return { code: "bug", detail: "internal error" };
}

function problemHeaders(status: number): Record<string, string> {
  return {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="chimera", Basic realm="chimera"' } : {}),
    ...(status === 503 ? { "Retry-After": String(retryAfterSeconds) } : {}),
    ...(status === 429 ? { "Retry-After": String(limitSeconds) } : {}),
    // A refused upload is not read to its end.
    ...([401, 403, 413, 429].includes(status) ? { Connection: "close" } : {}),
  };
}
