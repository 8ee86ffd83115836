/** PURE. Whether an error of a transfer says that the client went away; anything else is ours to mend. */

const codes = new Set<unknown>(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ERR_STREAM_PREMATURE_CLOSE"]);

export function clientLeft(error: unknown): boolean {
  return error instanceof Error && "code" in error && codes.has(error.code);
}
