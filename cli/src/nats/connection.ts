/**
 * SHELL. The one folder of the CLI that knows the nats package. Loaded only where the CLI speaks to NATS itself: no other
 * command pays for it.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError } from "@chimera/proto/errors";
import type { NkeySigner } from "@chimera/proto/nkey";
import { subjects } from "@chimera/proto/subjects";
import { connect, Events, headers, type MsgHdrs, type NatsConnection } from "nats";
import { readStored, type StoredMessage, type StoredQuery } from "./read-stored.ts";

export interface NatsLinkOptions {
  servers: readonly string[];
  /** The operator's own. */
  nkey: NkeySigner;
  /** Where the server knows its users by passes: looked at anew on each connect. Must not throw. */
  pass?: () => string;
  /** What its own inboxes begin with, where that is not the nkey's. */
  inbox?: string;
}

interface NatsAnswer {
  data: Uint8Array;
  /** Status header, as 404 for a key that does not exist; 0 without one. */
  code: number;
  /** Of a direct get: the revision of what it found; 0 elsewhere. */
  revision: number;
}

export interface NatsLink {
  /** Throws deadline-exceeded when nobody answers in time, also where JetStream is not there. */
  request(subject: string, text: string, extra?: { expectedRevision?: number }): Promise<NatsAnswer>;
  publish(subject: string, text: string, extra?: { expectedRevision?: number }): void;
  /** Resolves once the server has all that was published and subscribed. Throws server-unreachable. */
  flush(): Promise<void>;
  /** Kept over reconnects. `take` must not throw. Returns what ends it. */
  subscribe(subject: string, take: (data: Uint8Array, subject: string) => void): () => void;
  /** What a stream has, in the sequence in which it came. Throws as `request` does. */
  readStored(wanted: StoredQuery): Promise<StoredMessage[]>;
  /** Called each time that the connection is lost. */
  onLost(handle: () => void): void;
  close(): Promise<void>;
}

const connectMs = 3_000;
const requestMs = 2_000;

/** Throws server-unreachable, or role-forbidden where the server does not know the operator's nkey. */
export async function openNatsLink(options: NatsLinkOptions): Promise<NatsLink> {
  const nats = await connectOnce(options);
  return {
    request: (subject, text, extra = {}) => request(nats, { subject, text, ...extra }),
    publish: (subject, text, extra = {}) => nats.publish(subject, text, expecting(extra)),
    flush: () => flush(nats),
    subscribe: (subject, take) => {
      const subscription = nats.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) take(message.data, message.subject);
        },
      });
      return () => subscription.unsubscribe();
    },
    readStored: (wanted) => readStored(nats, subjects.inboxPrefix(options.nkey.publicKey), wanted),
    onLost: (handle) => void followState(nats, handle),
    close: () => nats.close(),
  };
}

async function connectOnce({ servers, nkey, pass, inbox }: NatsLinkOptions): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...servers],
      name: "chimera",
      inboxPrefix: inbox ?? subjects.inboxPrefix(nkey.publicKey),
      authenticator: (nonce?: string) => ({
        nkey: nkey.publicKey,
        ...(pass !== undefined && { jwt: pass() }),
        sig: nkey.sign(Buffer.from(nonce ?? "")).toString("base64url"),
      }),
      timeout: connectMs,
      // While it watches: a server that is started again is found again.
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      ignoreAuthErrorAbort: true,
      pingInterval: 5_000,
      noAsyncTraces: true,
    });
  } catch (cause) {
    const isRefused = cause instanceof Error && /authorization/iu.test(cause.message);
    if (!isRefused) throw new ChimeraError("server-unreachable", `NATS at ${servers.join(", ")}`, { cause });
    const mend =
      pass === undefined
        ? `"chimera-controller operator add", then nats-server's configuration anew; or natsPassFile, where it knows passes`
        : "its pass is revoked, over, or of an issuer that the server does not know";
    const what = `NATS does not know ${nkey.publicKey}: ${mend}`;
    throw new ChimeraError("role-forbidden", what, { cause });
  }
}

/** A connection that hangs is noticed by nobody else for ten seconds. */
async function flush(nats: NatsConnection): Promise<void> {
  const patience = new AbortController();
  const late = delay(requestMs, null, { signal: patience.signal }).then(() => {
    throw new Error(`not within ${requestMs / 1000} s`);
  });
  try {
    await Promise.race([nats.flush(), late]);
  } catch (cause) {
    throw new ChimeraError("server-unreachable", "NATS did not take what was sent", { cause });
  } finally {
    late.catch(() => undefined);
    patience.abort();
  }
}

/** Stored only where that is the revision of the newest entry; whoever listens hears it anyhow. */
function expecting({ expectedRevision }: { expectedRevision?: number }): { headers?: MsgHdrs } {
  if (expectedRevision === undefined) return {};
  const set = headers();
  set.set("Nats-Expected-Last-Subject-Sequence", String(expectedRevision));
  return { headers: set };
}

async function followState(nats: NatsConnection, lost: () => void): Promise<void> {
  for await (const { type } of nats.status()) if (type === Events.Disconnect) lost();
}

interface Request {
  subject: string;
  text: string;
  expectedRevision?: number;
}

async function request(nats: NatsConnection, { subject, text, ...extra }: Request): Promise<NatsAnswer> {
  try {
    const answer = await nats.request(subject, text, { timeout: requestMs, ...expecting(extra) });
    const revision = Number(answer.headers?.get("Nats-Sequence") ?? 0);
    return { data: answer.data, code: answer.headers?.code ?? 0, revision };
  } catch (cause) {
    throw new ChimeraError("deadline-exceeded", `NATS did not answer on ${subject}`, { cause });
  }
}
