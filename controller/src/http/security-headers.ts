/**
 * SHELL. What a browser is told with every answer: load nothing, show it nowhere, guess no type. Set where Node answers, since hono's
 * secureHeaders sees neither a file that goes straight to the socket nor what Node refuses before any route is asked.
 */
import { STATUS_CODES, type Server } from "node:http";
import type { MiddlewareHandler } from "hono";

const securityHeaders = new Map([
  [
    "Content-Security-Policy",
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  ],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Origin-Agent-Cluster", "?1"],
  ["Permissions-Policy", "camera=(), geolocation=(), microphone=()"],
  ["Referrer-Policy", "no-referrer"],
  ["Strict-Transport-Security", "max-age=15552000; includeSubDomains"],
  ["X-Content-Type-Options", "nosniff"],
  ["X-DNS-Prefetch-Control", "off"],
  ["X-Download-Options", "noopen"],
  ["X-Frame-Options", "DENY"],
  ["X-Permitted-Cross-Domain-Policies", "none"],
]);

export function answerSecurely(server: Server): void {
  server.prependListener("request", (_, response) => void response.setHeaders(securityHeaders));
  // What is no HTTP never becomes a request.
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return socket.destroy();
    const status = refusals[error.code ?? ""] ?? 400;
    const lines = [...securityHeaders].map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n`;
    return socket.end(`${head}${lines.join("")}\r\n`);
  });
}

/** As Node itself answers them. */
const refusals: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** A WebSocket that is not let in has no response of Node's. */
export const secureUpgrades: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.req.header("Upgrade") === undefined) return;
  for (const [name, value] of securityHeaders) c.res.headers.set(name, value);
};
