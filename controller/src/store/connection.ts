/** SHELL. The controller's one NATS connection: kept for ever, signed natively, its state always known. */
import { setTimeout as sleep } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import { controllerName } from "@chimera/proto/permissions";
import { subjects } from "@chimera/proto/subjects";
import {
  connect,
  Events,
  type ConnectionOptions,
  type JetStreamClient,
  type JetStreamManager,
  type Msg,
  type NatsConnection,
  type Subscription,
} from "nats";
import {
  readNatsCredentials,
  watchedCredentials,
  type NatsCredentials,
  type NatsFiles,
} from "./nats-seed.ts";

export interface NatsLink {
  /** True while the server answers. */
  connected(): boolean;
  /** Throws server-unreachable at once when there is no connection: nobody waits for a time-out. */
  jetstream(): { js: JetStreamClient; jsm: JetStreamManager; atEnd: AtEnd };
  /** `handle` may throw: an exception would stop the client's reader without a word, so it is logged here. Returns what ends it. */
  subscribe(subject: string, handle: (message: Msg) => void): () => void;
  /** Throws server-unreachable when there is no connection. */
  publish(subject: string, text: string): void;
  /** Until the server has all that was published. Throws server-unreachable. */
  flush(): Promise<void>;
  /** Called after each connect, also the first. */
  onConnect(handle: () => void): void;
  close(): Promise<void>;
}

export interface NatsLinkOptions extends NatsFiles {
  servers: string[];
  log: Log;
}

/** What is to be done when the connection is closed for good. Returns what makes it forget that. */
type AtEnd = (handle: () => void) => () => void;

interface Live {
  connection: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  atEnd: AtEnd;
}

type Handle = (message: Msg) => void;

/** Made anew on each connection. */
interface Wanted {
  subject: string;
  handle: Handle;
  subscription: Subscription | null;
}

const retryMs = 500;
const onceMs = 2000;

/** Returns at once; connects in the background and never gives up. Throws when the seed is unusable. */
export function openNats({ servers, log, ...files }: NatsLinkOptions): NatsLink {
  const wanted = new Set<Wanted>();
  const listeners: (() => void)[] = [];
  let live: Live | undefined;
  let connected = false;
  const closing = new AbortController();
  const credentials = watchedCredentials(files, log, closing.signal);
  function setConnected(value: boolean) {
    if (connected === value) return;
    connected = value;
    log.info({ servers }, value ? "nats connected" : "nats disconnected");
    if (value) for (const listener of listeners) listener();
  }
  async function keepOpen() {
    live = await openLive(daemonOptions(servers, credentials));
    if (closing.signal.aborted) return live.connection.close();
    for (const one of wanted) one.subscription = subscribeGuarded(live, { ...one, log });
    setConnected(true);
    await followState(live.connection, setConnected, log).finally(() => setConnected(false));
  }
  void repeat(keepOpen, closing.signal, (attempt, error) => {
    log[attempt === 1 ? "warn" : "debug"]({ servers, error }, "nats not reached");
  });
  return {
    connected: () => connected,
    jetstream: () => requireLive(connected ? live : undefined),
    subscribe(subject, handle) {
      const subscription = live === undefined ? null : subscribeGuarded(live, { subject, handle, log });
      return remember(wanted, { subject, handle, subscription });
    },
    publish: (subject, text) => requireLive(connected ? live : undefined).connection.publish(subject, text),
    flush: () => flush(requireLive(connected ? live : undefined)),
    onConnect: (handle) => void listeners.push(handle),
    close: async () => {
      closing.abort();
      await live?.connection.close();
      setConnected(false);
    },
  };
}

/** One try, for a command that has something to say and then ends. Throws server-unreachable, or when the seed is unusable. */
export async function connectOnce({
  servers,
  ...files
}: Omit<NatsLinkOptions, "log">): Promise<Pick<NatsLink, "jetstream" | "close">> {
  const own = readNatsCredentials(files);
  const options = { ...daemonOptions(servers, () => own), reconnect: false, timeout: onceMs };
  const live = await openLive(options).catch((cause: unknown) => {
    throw new ChimeraError("server-unreachable", `nats at ${servers.join(", ")}`, { cause });
  });
  return { jetstream: () => live, close: () => live.connection.close() };
}

function remember(wanted: Set<Wanted>, one: Wanted): () => void {
  wanted.add(one);
  return () => {
    wanted.delete(one);
    one.subscription?.unsubscribe();
  };
}

/** Also the first connect is tried here and not inside the client, which would try on after close(). */
async function repeat(
  work: () => Promise<void>,
  signal: AbortSignal,
  failed: (attempt: number, error: unknown) => void,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    await work().catch((error: unknown) => failed(attempt, error));
    await sleep(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

function requireLive(live: Live | undefined): Live {
  if (live !== undefined) return live;
  throw new ChimeraError("server-unreachable", "nats is not connected");
}

async function flush({ connection }: Live): Promise<void> {
  try {
    await connection.flush();
  } catch (cause) {
    throw new ChimeraError("server-unreachable", "nats did not answer", { cause });
  }
}

async function openLive(options: ConnectionOptions): Promise<Live> {
  const connection = await connect(options);
  const js = connection.jetstream({ checkAPI: false, timeout: 5000 });
  return { connection, js, jsm: await js.jetstreamManager(false), atEnd: endOf(connection) };
}

function endOf(connection: NatsConnection): AtEnd {
  const handles = new Set<() => void>();
  const runAll = async () => {
    await connection.closed();
    for (const handle of handles) handle();
  };
  void runAll();
  return (handle) => {
    handles.add(handle);
    return () => void handles.delete(handle);
  };
}

interface Guarded {
  subject: string;
  handle: Handle;
  log: Log;
}

function subscribeGuarded({ connection }: Live, { subject, handle, log }: Guarded): Subscription {
  const callback = (error: Error | null, message: Msg) => {
    try {
      if (error !== null) throw error;
      handle(message);
    } catch (failure) {
      log.error({ subject, error: failure }, "message not handled");
    }
  };
  return connection.subscribe(subject, { callback });
}

/** Why each: prototypes.md §2 and operations.md §0.6; the defaults give up after 20 s. */
function daemonOptions(servers: string[], credentials: () => NatsCredentials): ConnectionOptions {
  return {
    servers,
    name: "chimera-controller",
    inboxPrefix: subjects.inboxPrefix(controllerName),
    authenticator: (nonce?: string) => {
      const { nkey, pass } = credentials();
      const sig = nonce === undefined ? "" : nkey.sign(Buffer.from(nonce)).toString("base64url");
      return { nkey: nkey.publicKey, sig, ...(pass !== null && { jwt: pass }) };
    },
    maxReconnectAttempts: -1,
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
}
