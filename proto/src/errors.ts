/** PURE. Every error that crosses a process: who retries it, and what each front end answers. */
import { redact } from "./redact.ts";

/** `http` is the status of the problem document, `exit` follows sysexits.h where it has a fitting number. */
export const errorCodes = {
  usage: { retry: "never", http: 400, exit: 64 },
  "input-invalid": { retry: "never", http: 422, exit: 65 },
  "node-unknown": { retry: "never", http: 404, exit: 67 },
  "world-unknown": { retry: "never", http: 404, exit: 66 },
  "not-found": { retry: "never", http: 404, exit: 66 },
  "file-unreadable": { retry: "never", http: 500, exit: 66 },
  "tool-missing": { retry: "never", http: 500, exit: 69 },
  // As a shell says it, and every program that starts another one.
  "command-missing": { retry: "never", http: 404, exit: 127 },
  "tool-failed": { retry: "backoff", http: 500, exit: 70 },
  "signature-invalid": { retry: "never", http: 403, exit: 77 },
  "token-missing": { retry: "never", http: 401, exit: 77 },
  "token-invalid": { retry: "never", http: 401, exit: 77 },
  "role-forbidden": { retry: "never", http: 403, exit: 77 },
  "fleet-mismatch": { retry: "never", http: 409, exit: 65 },
  "order-stale": { retry: "never", http: 409, exit: 65 },
  "order-jump": { retry: "never", http: 409, exit: 65 },
  "order-equivocation": { retry: "never", http: 409, exit: 65 },
  "head-expired": { retry: "never", http: 409, exit: 65 },
  "keys-stale": { retry: "never", http: 409, exit: 65 },
  "keys-skipped": { retry: "never", http: 409, exit: 65 },
  "keys-expired": { retry: "never", http: 409, exit: 65 },
  "panic-void": { retry: "never", http: 409, exit: 65 },
  "panic-not-followed": { retry: "never", http: 409, exit: 65 },
  "order-used": { retry: "never", http: 409, exit: 65 },
  "order-expired": { retry: "never", http: 409, exit: 65 },
  "order-misaddressed": { retry: "never", http: 409, exit: 65 },
  /** The node's own system does not let orders run or type anything. */
  "exec-forbidden": { retry: "never", http: 403, exit: 77 },
  "keyboard-held": { retry: "never", http: 409, exit: 75 },
  held: { retry: "never", http: 409, exit: 75 },
  "panic-holds": { retry: "never", http: 409, exit: 65 },
  "freeze-suspected": { retry: "backoff", http: 503, exit: 75 },
  "head-withheld": { retry: "backoff", http: 503, exit: 75 },
  "consent-missing": { retry: "never", http: 409, exit: 65 },
  "rollout-foreign": { retry: "never", http: 409, exit: 65 },
  quarantined: { retry: "never", http: 409, exit: 65 },
  "signatures-missing": { retry: "never", http: 409, exit: 75 },
  "leaf-unproven": { retry: "never", http: 409, exit: 65 },
  "write-conflict": { retry: "never", http: 409, exit: 75 },
  "content-conflict": { retry: "never", http: 409, exit: 65 },
  "hash-mismatch": { retry: "never", http: 422, exit: 65 },
  "body-too-large": { retry: "never", http: 413, exit: 65 },
  "media-type-wrong": { retry: "never", http: 415, exit: 65 },
  "body-incomplete": { retry: "backoff", http: 400, exit: 75 },
  "closure-unavailable": { retry: "backoff", http: 503, exit: 75 },
  "closure-mismatch": { retry: "never", http: 409, exit: 65 },
  "space-missing": { retry: "backoff", http: 507, exit: 70 },
  "activation-failed": { retry: "backoff", http: 500, exit: 70 },
  "contact-lost": { retry: "backoff", http: 503, exit: 70 },
  "build-failed": { retry: "never", http: 500, exit: 70 },
  "rollout-failed": { retry: "never", http: 500, exit: 70 },
  "deadline-exceeded": { retry: "backoff", http: 504, exit: 75 },
  "server-unreachable": { retry: "backoff", http: 503, exit: 69 },
  overloaded: { retry: "backoff", http: 503, exit: 75 },
  "too-many-requests": { retry: "backoff", http: 429, exit: 75 },
  "config-invalid": { retry: "never", http: 500, exit: 78 },
  "state-invalid": { retry: "never", http: 500, exit: 65 },
  /** Nothing is changed that the audit log does not know of. */
  "audit-failed": { retry: "backoff", http: 503, exit: 75 },
  "audit-broken": { retry: "never", http: 409, exit: 65 },
  bug: { retry: "never", http: 500, exit: 70 },
} as const satisfies Record<string, { retry: "never" | "backoff"; http: number; exit: number }>;

export type ErrorCode = keyof typeof errorCodes;

/** A failure somebody can act on. Anything else that is thrown is a bug and ends the process. */
export class ChimeraError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ChimeraError";
    this.code = code;
  }
}

/** True for a text that is one of the codes above: what a peer sent us is parsed, never trusted. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

/** One line with every cause, outermost first: "activate: copy closure: connect ECONNREFUSED". */
export function errorChain(error: unknown): string {
  const messages: string[] = [];
  let cause: unknown = error;
  while (cause !== undefined && messages.length < 16) {
    messages.push(cause instanceof Error ? cause.message : (JSON.stringify(cause) ?? typeof cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return redact(messages.join(": "));
}
