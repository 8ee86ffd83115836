/** SHELL. The controller's one NATS connection: kept for ever, signed natively, its state always known. */
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { NkeySigner } from "@chimera/proto/nkey";
import {
  connect,
  Events,
  type JetStreamClient,
  type JetStreamManager,
  type Msg,
  type NatsConnection,
} from "nats";
import { controllerInbox } from "../nats-config.ts";
import { readNatsSeed } from "./nats-seed.ts";

export interface NatsLink {
  /** True while the server answers. */
  connected(): boolean;
  /** Throws server-unreachable at once when there is no connection: nobody waits for a time-out. */
  jetstream(): { js: JetStreamClient; jsm: JetStreamManager };
  /** `handle` may throw: an exception would stop the client's reader without a word, so it is logged here. */
  subscribe(subject: string, handle: (message: Msg) => void): void;
  /** Called after each connect, also the first. */
  onConnect(handle: () => void): void;
  close(): Promise<void>;
}

export interface NatsLinkOptions {
  servers: string[];
  seedFile: string;
  log: Log;
}

/** Returns at once; connects in the background and never gives up. Throws when the seed is unusable. */
export function openNats({ servers, seedFile, log }: NatsLinkOptions): NatsLink {
  const signer = readNatsSeed(seedFile);
  const subscriptions: [string, (message: Msg) => void][] = [];
  const listeners: (() => void)[] = [];
  let live: { connection: NatsConnection; js: JetStreamClient; jsm: JetStreamManager } | undefined;
  let connected = false;
  let closing = false;
  function setConnected(value: boolean) {
    if (connected === value) return;
    connected = value;
    log.info({ servers }, value ? "nats connected" : "nats disconnected");
    if (value) for (const listener of listeners) listener();
  }
  function listen([subject, handle]: [string, (message: Msg) => void]) {
    live?.connection.subscribe(subject, { callback: guarded(subject, handle, log) });
  }
  async function start() {
    const connection = await connect(daemonOptions(servers, signer));
    const js = connection.jetstream({ checkAPI: false, timeout: 5000 });
    live = { connection, js, jsm: await js.jetstreamManager(false) };
    if (closing) return connection.close();
    for (const subscription of subscriptions) listen(subscription);
    setConnected(true);
    await followState(connection, setConnected, log);
  }
  const done = start().catch((error: unknown) => log.error({ error }, "nats connection ended"));
  return {
    connected: () => connected,
    jetstream: () => {
      if (live === undefined || !connected)
        throw new ChimeraError("server-unreachable", "nats is not connected");
      return live;
    },
    subscribe: (subject, handle) => {
      subscriptions.push([subject, handle]);
      listen([subject, handle]);
    },
    onConnect: (handle) => void listeners.push(handle),
    close: async () => {
      closing = true;
      await live?.connection.close();
      if (live !== undefined) await done;
    },
  };
}

/** Why each: prototypes.md §2 and operations.md §0.6; the defaults give up after 20 s. */
function daemonOptions(servers: string[], signer: NkeySigner) {
  return {
    servers,
    name: "chimera-controller",
    inboxPrefix: controllerInbox,
    authenticator: (nonce?: string) => ({
      nkey: signer.publicKey,
      sig: nonce === undefined ? "" : signer.sign(Buffer.from(nonce)).toString("base64url"),
    }),
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    reconnectJitterTLS: 250,
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: 5000,
    noAsyncTraces: true,
  };
}

async function followState(connection: NatsConnection, setConnected: (value: boolean) => void, log: Log) {
  for await (const { type, data } of connection.status()) {
    if (type === Events.Disconnect) setConnected(false);
    if (type === Events.Reconnect) setConnected(true);
    if (type === Events.Error) log.warn({ error: new Error(JSON.stringify(data)) }, "nats reported an error");
  }
  setConnected(false);
}

function guarded(subject: string, handle: (message: Msg) => void, log: Log) {
  return (error: Error | null, message: Msg) => {
    try {
      if (error !== null) throw error;
      handle(message);
    } catch (failure) {
      log.error({ subject, error: failure }, "message not handled");
    }
  };
}
