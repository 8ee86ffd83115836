/** SHELL. To the sessions of this very node, by the agent's own socket: for root, and without NATS or controller. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { hostname } from "node:os";
import { ChimeraError } from "@chimera/proto/errors";
import { NodeName } from "@chimera/proto/names";
import { decodeFrame, ListedSessions, maxFrameBytes } from "@chimera/proto/sessions/session-frame";
import type { ListedSession } from "@chimera/proto/sessions/session-api";
import type { SessionFacts } from "@chimera/proto/sessions/session";
import { ViewerId, type ListAsk, type ViewAsk } from "@chimera/proto/sessions/view-ask";
import { parseJson } from "../../api/http.ts";
import type { Seen } from "../view-stream.ts";
import type { Hearing, SessionAt, SessionRoad, ViewLine } from "./session-road.ts";

const patienceMs = 5_000;

/** What a node is called here where its own name is none. */
const thisNode = NodeName.parse("this-node");

export function createNodeRoad(path: string, host = hostname()): SessionRoad {
  const node = NodeName.safeParse(host.split(".")[0]).data ?? thisNode;
  return {
    over: "this node",
    async list(which = {}) {
      checkNode(node, which.node);
      const saidAt = new Date().toISOString();
      return (await listSessions(path))
        .filter(({ name }) => which.session === undefined || name === which.session)
        .map((facts): ListedSession => ({ node, facts, saidAt }));
    },
    // Whoever is here has the node itself.
    kept: () => Promise.resolve(null),
    async view(at, hearing) {
      checkNode(node, at.node);
      return openLine(path, at, hearing);
    },
    close: () => Promise.resolve(),
  };
}

/** Another node's session of the same name is another one. */
function checkNode(own: NodeName, wanted: NodeName | undefined): void {
  if (wanted === undefined || wanted === own) return;
  throw new ChimeraError(
    "usage",
    `${wanted} is not this node, which is called ${own}: leave the node's name away, or ask the fleet without --local`,
  );
}

async function listSessions(path: string): Promise<SessionFacts[]> {
  const socket = await opened(path);
  const { promise, resolve, reject } = Promise.withResolvers<SessionFacts[]>();
  const listed: SessionFacts[] = [];
  const late = setTimeout(() => {
    reject(new ChimeraError("deadline-exceeded", `the agent does not answer on ${path}`));
  }, patienceMs);
  readFrames(socket, (message) => {
    const frame = decodeFrame(message);
    if (frame?.head.kind !== "list") return;
    listed.push(
      ...(ListedSessions.safeParse(parseJson(Buffer.from(frame.bytes).toString("utf8"))).data ?? []),
    );
    if (frame.head.isLast) resolve(listed);
  });
  socket.once("close", () =>
    reject(new ChimeraError("server-unreachable", `the agent ended the connection at ${path}`)),
  );
  const ask: ListAsk = { v: 1, list: { viewer: newViewer() } };
  socket.write(`${JSON.stringify(ask)}\n`);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}

async function openLine(path: string, { session }: SessionAt, hearing: Hearing): Promise<ViewLine> {
  const socket = await opened(path);
  const viewer = newViewer();
  readFrames(socket, (message) => hearing.frame(message));
  socket.once("close", () => hearing.broken("the agent ended the connection"));
  const say = (view: { seen: Seen | null; isOver: boolean }): void => {
    const ask: ViewAsk = { v: 1, view: { session, viewer, ...view } };
    socket.write(`${JSON.stringify(ask)}\n`);
  };
  return {
    ask: (seen) => say({ seen, isOver: false }),
    close() {
      socket.removeAllListeners("close");
      socket.destroy();
    },
  };
}

/** Throws role-forbidden where only root may, server-unreachable where no agent is. */
async function opened(path: string): Promise<Socket> {
  const socket = connect({ path });
  try {
    await once(socket, "connect");
  } catch (cause) {
    const isForbidden = cause instanceof Error && "code" in cause && cause.code === "EACCES";
    if (isForbidden) throw new ChimeraError("role-forbidden", `only root may ask at ${path}`, { cause });
    throw new ChimeraError("server-unreachable", `no agent answers at ${path}`, { cause });
  }
  // Whatever goes wrong, the connection closes next.
  socket.on("error", () => undefined);
  return socket;
}

const lengthBytes = 4;
const mostBytes = maxFrameBytes + 8192;

/** Each after its length; what is longer than any frame ends the connection. */
function readFrames(socket: Socket, take: (message: Uint8Array) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (piece: Buffer) => {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= lengthBytes) {
      const length = rest.readUInt32BE(0);
      if (length > mostBytes) return void socket.destroy();
      if (rest.length < lengthBytes + length) return;
      take(rest.subarray(lengthBytes, lengthBytes + length));
      rest = rest.subarray(lengthBytes + length);
    }
  });
}

function newViewer(): ViewerId {
  return ViewerId.parse(randomBytes(16).toString("hex"));
}
