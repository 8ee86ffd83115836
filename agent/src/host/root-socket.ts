/** SHELL. A Unix socket in the agent's runtime folder that only root may open, however long it takes to open it. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Log } from "@chimera/proto/log";

export interface RootSocketOptions {
  runtimeDir: string;
  name: string;
  /** A client may end its half and still be answered. */
  allowHalfOpen: boolean;
  onClient: (client: Socket) => void;
  log: Log;
}

export interface RootSocket {
  /** Resolves at the first moment at which a client can connect. */
  ready: Promise<void>;
  close: () => void;
}

/** Whoever comes above that is sent away. */
const maxClients = 64;
const retryMs = 5_000;

export function serveRootSocket(options: RootSocketOptions): RootSocket {
  const { runtimeDir, name, allowHalfOpen, onClient, log } = options;
  const path = join(runtimeDir, name);
  const clients = new Set<Socket>();
  const ready = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | null = null;
  const server = createServer({ allowHalfOpen }, (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
    onClient(client);
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
