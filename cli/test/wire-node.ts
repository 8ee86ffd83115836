/** SHELL. For tests: a node as the network sees it. It speaks NATS's own text protocol, signs its status, and answers orders. */
import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { PutDocument } from "@chimera/proto/api";
import { generateNkey, parseNkeySeed } from "@chimera/proto/nkey";
import { sha256 } from "@chimera/proto/signed/canonical";
import { Envelope, seal } from "@chimera/proto/signed/envelope";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import { createTestNode, type TestNode } from "./fixture/test-node.ts";

const Info = z.object({ nonce: z.string() });

export interface WireNode extends TestNode {
  nkey: string;
  connect(port: number, fleetId: string): Promise<void>;
  /** An event, as its agent would tell it; the same `id` again is the same one told again. */
  tell(type: string, data: unknown, attributes?: object): void;
  /** Its status, as it would sign it. */
  report(changes: object): void;
  /** Ids of the orders that came; by default each is accepted with a receipt. */
  orders: string[];
  /** Undefined: it says nothing. */
  onOrder: (id: string) => object | undefined;
  receiptOf(id: string, changes?: object): Envelope;
  /** Ids of the panics that it heard as messages. */
  panics: string[];
  /** On its ack subject. */
  acknowledge(answer: object): void;
  close(): void;
}

export function createWireNode(name: string): WireNode {
  const node = createTestNode(name);
  const identity = generateNkey();
  let link: { socket: Socket; fleetId: string } | undefined;
  const publish = (subject: string, payload: unknown): void =>
    void link?.socket.write(messageOf(subject, payload));
  const wire: WireNode = {
    ...node,
    nkey: identity.publicKey,
    orders: [],
    panics: [],
    acknowledge: (answer) => publish(subjects.ack(link?.fleetId ?? "", name), answer),
    onOrder: (id) => wire.receiptOf(id),
    receiptOf: (id, changes = {}) =>
      seal("receipt", { ...quietReceipt(name, link?.fleetId, id), ...changes }, [node.signer]),
    tell: (type, data, attributes = {}) =>
      publish(
        `${subjects.events(link?.fleetId ?? "", name)}${type}`,
        eventOf(name, { type, data, ...attributes }),
      ),
    report: (changes) => {
      const fleetId = link?.fleetId ?? "";
      const { envelope } = node.reporting({ fleetId, at: new Date().toISOString(), ...changes });
      publish(subjects.status(fleetId, name), envelope);
    },
    connect: async (port, fleetId) => {
      const socket = connect(port, "127.0.0.1");
      link = { socket, fleetId };
      await greet(socket, identity.seed, {
        subjects: [subjects.cmd(fleetId, name), subjects.desired("panic", fleetId)],
        onMessage: (text, subject) => {
          if (subject === subjects.desired("panic", fleetId)) hearPanic(wire, text);
          else hearOrder(wire, text);
        },
      });
    },
    close: () => link?.socket.destroy(),
  };
  return wire;
}

function hearOrder(wire: WireNode, text: string): void {
  const id = sha256(Buffer.from(PutDocument.parse(JSON.parse(text)).envelope.payload, "base64"));
  wire.orders.push(id);
  const answer = wire.onOrder(id);
  if (answer !== undefined) wire.acknowledge(answer);
}

/** Whatever else is written there is passed over. */
function hearPanic(wire: WireNode, text: string): void {
  const envelope = text.startsWith("{") ? Envelope.safeParse(JSON.parse(text)).data : undefined;
  if (envelope !== undefined) wire.panics.push(sha256(Buffer.from(envelope.payload, "base64")));
}

function messageOf(subject: string, payload: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(payload));
  return Buffer.concat([Buffer.from(`PUB ${subject} ${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
}

function eventOf(source: string, said: object): object {
  const attributes = { specversion: "1.0", id: randomUUID(), source, time: new Date().toISOString() };
  return { ...attributes, datacontenttype: "application/json", ...said };
}

function quietReceipt(node: string, fleetId: string | undefined, id: string) {
  const at = new Date().toISOString();
  const times = { ack: at, active: null, pointer: null, boot: null };
  const document = { kind: "order", id, epoch: null, serial: null };
  return {
    v: 1,
    kind: "receipt",
    fleetId,
    node,
    document,
    state: "idle",
    target: null,
    current: null,
    times,
    at,
  };
}

/** Resolves once the server has taken the subscription. */
function greet(
  socket: Socket,
  seed: string,
  { subjects: wanted, onMessage }: { subjects: string[]; onMessage: (text: string, subject: string) => void },
): Promise<void> {
  let greeted = false;
  return new Promise((resolve, reject) => {
    const on: Record<string, (rest: string, body: string) => void> = {
      INFO: (info) => {
        // The server tells of itself again later, then without a challenge.
        if (!greeted) socket.write(hello(info, seed, wanted));
        greeted = true;
      },
      PING: () => socket.write("PONG\r\n"),
      PONG: () => resolve(),
      MSG: (rest, body) => onMessage(body, rest.split(" ")[0] ?? ""),
      "-ERR": (rest) => reject(new Error(rest)),
    };
    socket.on("error", reject);
    readFrames(socket, ({ word, rest, body }) => on[word]?.(rest, body));
  });
}

interface Frame {
  word: string;
  rest: string;
  /** Of a MSG. */
  body: string;
}

function readFrames(socket: Socket, take: (frame: Frame) => void): void {
  let buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    buffer = Buffer.concat([buffer, Buffer.from(chunk)]);
    for (let end = buffer.indexOf("\r\n"); end !== -1; end = buffer.indexOf("\r\n")) {
      const [word = "", ...rest] = buffer.toString("utf8", 0, end).split(" ");
      const size = word === "MSG" ? Number(rest.at(-1)) : -2;
      const whole = end + 2 + size + 2;
      if (buffer.length < whole) return;
      const body = buffer.toString("utf8", end + 2, Math.max(end + 2, whole - 2));
      buffer = buffer.subarray(whole);
      take({ word, rest: rest.join(" "), body });
    }
  });
}

function hello(info: string, seed: string, wanted: readonly string[]): string {
  const signer = parseNkeySeed(seed);
  const sig = signer.sign(Buffer.from(Info.parse(JSON.parse(info)).nonce)).toString("base64url");
  const options = {
    verbose: false,
    pedantic: false,
    lang: "test",
    version: "1",
    protocol: 1,
    nkey: signer.publicKey,
    sig,
  };
  const subscriptions = wanted.map((subject, i) => `SUB ${subject} ${i + 1}\r\n`).join("");
  return `CONNECT ${JSON.stringify(options)}\r\n${subscriptions}PING\r\n`;
}
