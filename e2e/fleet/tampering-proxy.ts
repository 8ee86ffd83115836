// SHELL. Someone between a node and its controller: passes everything on, Nix's downloads too, and alters what he is told to.
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";

export interface Tampering {
  /** Which requests, by their path. */
  path: RegExp;
  /** Answers in the controller's place; `genuine` fetches what it would have said. */
  answer(genuine: () => Promise<Buffer>, response: ServerResponse): Promise<void>;
}

export interface TamperingProxy {
  /** In place of what was done before; null: honest again. */
  setTampering(tampering: Tampering | null): void;
  /** How many answers were altered so far. */
  altered(): number;
  close(): Promise<void>;
}

/** What is altered is altered in JSON: `change` gets what the controller said. */
export function alterJson(path: RegExp, change: (body: unknown) => unknown): Tampering {
  return {
    path,
    answer: async (genuine, response) => {
      const body: unknown = JSON.parse((await genuine()).toString("utf8"));
      response.setHeader("content-type", "application/json").end(JSON.stringify(change(body)));
    },
  };
}

export async function startTamperingProxy(listen: {
  host: string;
  port: number;
  controller: string;
}): Promise<TamperingProxy> {
  let tampering: Tampering | null = null;
  let altered = 0;
  const server = createServer((incoming, response) => {
    const matching = tampering?.path.test(incoming.url ?? "") === true ? tampering : null;
    if (matching !== null) altered += 1;
    const answered =
      matching === null
        ? passOn(listen.controller, incoming, response)
        : matching.answer(() => fetchGenuine(listen.controller, incoming), response);
    // A node that has seen enough hangs up: that is no failure of this side.
    answered.catch(() => response.destroy());
  });
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  return {
    setTampering: (next) => {
      tampering = next;
    },
    altered: () => altered,
    close: () => closeServer(server),
  };
}

async function passOn(
  controller: string,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await ask(controller, incoming, incoming);
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, response);
}

async function fetchGenuine(controller: string, incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await ask(controller, incoming, null)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function ask(
  controller: string,
  { url, method, headers }: IncomingMessage,
  body: IncomingMessage | null,
): Promise<IncomingMessage> {
  const { host } = new URL(controller);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(url ?? "/", controller),
      { method, headers: { ...headers, host }, agent: false },
      resolve,
    ).on("error", reject);
    if (body === null) outgoing.end();
    else body.pipe(outgoing);
  });
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}
