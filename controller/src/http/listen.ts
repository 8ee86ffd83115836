/** SHELL. The HTTP server: every time-out set, and an end that lets running answers finish. */
import { once } from "node:events";
import { createServer } from "node:http";
import { ChimeraError } from "@chimera/proto/errors";
import { getRequestListener } from "@hono/node-server";
import type { ControllerConfig } from "../config.ts";
import type { createApp } from "./app.ts";

const second = 1000;
const drainMs = 4 * second;

export interface Listening {
  port: number;
  /** Stops accepting, lets running requests finish, ends the rest after 4 s. */
  close(): Promise<void>;
}

/** Throws config-invalid when the address cannot be taken. */
export async function listen(
  app: ReturnType<typeof createApp>,
  { host, port }: ControllerConfig["listen"],
): Promise<Listening> {
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      headersTimeout: 15 * second,
      // A NAR may take its time; a silent connection may not (timeout below).
      requestTimeout: 3600 * second,
      keepAliveTimeout: 65 * second,
      connectionsCheckingInterval: 5 * second,
      maxHeaderSize: 16 * 1024,
    },
    (incoming, outgoing) => void answer(incoming, outgoing),
  );
  server.timeout = 300 * second;
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new ChimeraError("config-invalid", `listen on ${host}:${port}`, { cause });
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const end = setTimeout(() => server.closeAllConnections(), drainMs);
      await closed;
      clearTimeout(end);
    },
  };
}
