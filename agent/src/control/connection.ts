/**
 * SHELL. The one place that knows the nats package. It connects for ever, never throws into the agent, and every
 * callback is wrapped: an exception in one would stop the reader while the connection still looks healthy.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { NkeySigner } from "@chimera/proto/nkey";
import { connect, Events, headers, type MsgHdrs, type NatsConnection } from "nats";

export interface Credentials {
  nkey: NkeySigner;
  /** For a server that knows its users by passes; one with a list of nkeys does not look at it. */
  pass: string | null;
}

export interface ConnectionOptions {
  servers: readonly string[];
  name: string;
  /** Asked each time that it connects, so that what was exchanged meanwhile counts. Must not throw: the client would not outlive it. */
  credentials: () => Credentials;
  inboxPrefix: string;
  log: Log;
  /** After the first connect and after each reconnect. */
  onConnected: () => void;
}

interface Answer {
  data: Uint8Array;
  /** Status header, as 404 for a key that does not exist; 0 without one. */
  code: number;
  /** Of a direct get: the revision of what it found; null elsewhere. */
  revision: number | null;
}

interface RequestHeaders {
  /** A stream takes two messages of one id once. */
  messageId?: string;
  /** Of the newest message on that subject, 0 for none: a stream refuses what follows another. */
  expectedRevision?: number;
}

export interface Connection {
  isConnected: () => boolean;
  /** Kept over reconnects; may be called before the first connect. */
  subscribe: (subject: string, onMessage: (data: Uint8Array, subject: string) => void) => void;
  /** Throws deadline-exceeded when nobody answers in time or there is no connection. */
  request: (subject: string, data: Uint8Array | string, extra?: RequestHeaders) => Promise<Answer>;
  /** False when there is no connection: the client would drop it without a word. */
  publish: (subject: string, data: Uint8Array | string) => boolean;
  /** Leaves and comes again, with the credentials of now. Nothing while there is no connection. */
  reconnect: () => Promise<void>;
  close: () => Promise<void>;
}

const requestMs = 5_000;
const restartMs = 5_000;

interface Subscription {
  subject: string;
  onMessage: (data: Uint8Array, subject: string) => void;
}

interface State {
  client: NatsConnection | null;
  up: boolean;
  closed: boolean;
  subscriptions: Subscription[];
}

export function openConnection(options: ConnectionOptions): Connection {
  const state: State = { client: null, up: false, closed: false, subscriptions: [] };
  void followForEver(state, options);
  return {
    isConnected: () => state.up,
    subscribe: (subject, onMessage) => {
      const subscription = { subject, onMessage };
      state.subscriptions.push(subscription);
      if (state.client !== null) attach(state.client, subscription, options.log);
    },
    request: (subject, data, extra = {}) => request(state, { subject, data, extra }),
    publish: (subject, data) => {
      if (state.client === null || !state.up) return false;
      state.client.publish(subject, data);
      return true;
    },
    reconnect: async () => {
      if (state.up) await state.client?.reconnect();
    },
    close: async () => {
      state.closed = true;
      state.up = false;
      await state.client?.close();
    },
  };
}

/** The client reconnects by itself; what still ends it is a fault, said loudly, after which another one takes over. */
async function followForEver(state: State, options: ConnectionOptions): Promise<void> {
  while (!state.closed) {
    const error = await follow(state, options).then(
      () => null,
      (reason: unknown) => reason,
    );
    state.up = false;
    if (state.closed) return;
    options.log.error({ error }, "NATS client stopped");
    await delay(restartMs, undefined, { ref: false });
  }
}

async function follow(state: State, options: ConnectionOptions): Promise<void> {
  const { log, onConnected } = options;
  const nats = await connect(clientOptions(options));
  if (state.closed) {
    await nats.close();
    return;
  }
  state.client = nats;
  state.up = true;
  for (const subscription of state.subscriptions) attach(nats, subscription, log);
  log.info({ server: nats.getServer() }, "connected to NATS");
  guard(log, "connected", onConnected);
  await Promise.race([watchStatus(nats, state, options), nats.closed()]);
  throw (await nats.closed()) ?? new Error("the client was closed");
}

async function watchStatus(
  nats: NatsConnection,
  state: State,
  { log, onConnected }: ConnectionOptions,
): Promise<void> {
  for await (const { type, data } of nats.status()) {
    if (type === Events.Disconnect) state.up = false;
    if (type === Events.Reconnect) state.up = true;
    if (type === Events.Reconnect) guard(log, "reconnected", onConnected);
    if (loud.has(type)) log.info({ event: type, detail: detailOf(data) }, "NATS connection changed");
  }
}

const loud: ReadonlySet<string> = new Set([Events.Disconnect, Events.Reconnect, Events.Error]);

function attach(nats: NatsConnection, { subject, onMessage }: Subscription, log: Log): void {
  nats.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) {
        guard(log, subject, () => onMessage(message.data, message.subject));
      } else {
        log.warn({ subject, error }, "subscription was refused");
      }
    },
  });
}

interface Request {
  subject: string;
  data: Uint8Array | string;
  extra: RequestHeaders;
}

async function request({ client, up }: State, { subject, data, extra }: Request): Promise<Answer> {
  if (client === null || !up) throw new ChimeraError("deadline-exceeded", "there is no connection to NATS");
  try {
    const answer = await client.request(subject, data, { timeout: requestMs, ...headersOf(extra) });
    const sequence = answer.headers?.get("Nats-Sequence") ?? "";
    return {
      data: answer.data,
      code: answer.headers?.code ?? 0,
      revision: sequence === "" ? null : Number(sequence),
    };
  } catch (cause) {
    throw new ChimeraError("deadline-exceeded", `NATS did not answer on ${subject}`, { cause });
  }
}

/** Without a header a message is smaller. */
function headersOf({ messageId, expectedRevision }: RequestHeaders): { headers?: MsgHdrs } {
  if (messageId === undefined && expectedRevision === undefined) return {};
  const set = headers();
  if (messageId !== undefined) set.set("Nats-Msg-Id", messageId);
  if (expectedRevision !== undefined) set.set("Nats-Expected-Last-Subject-Sequence", `${expectedRevision}`);
  return { headers: set };
}

function clientOptions({
  servers,
  name,
  credentials,
  inboxPrefix,
}: ConnectionOptions): Parameters<typeof connect>[0] {
  return {
    servers: [...servers],
    name,
    inboxPrefix,
    // The package's own signing costs 28 ms a connect; Node's a fraction of one.
    authenticator: (nonce) => {
      const { nkey, pass } = credentials();
      const sig = nkey.sign(Buffer.from(nonce ?? "")).toString("base64url");
      return { nkey: nkey.publicKey, sig, ...(pass !== null && { jwt: pass }) };
    },
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 500,
    reconnectJitter: 1_000,
    reconnectJitterTLS: 1_000,
    pingInterval: 10_000,
    maxPingOut: 2,
    noAsyncTraces: true,
    timeout: 5_000,
  };
}

function guard(log: Log, where: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.error({ where, error }, "callback failed");
  }
}

function detailOf(data: unknown): string {
  return (typeof data === "string" ? data : errorChain(data)).slice(0, 256);
}
