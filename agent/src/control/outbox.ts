/**
 * SHELL. Events wait on disk until JetStream has them: the client drops what is published while disconnected. Bounded;
 * the oldest go first and are counted. An event may be sent twice (the answer got lost) but has one id, by which
 * the stream keeps one.
 */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { z } from "zod";

const maxEvents = 2_000;
const maxBytes = 4 << 20;
const maxFileBytes = 16 << 20;
const maxBodyBytes = 65_536;
const syncMs = 100;

const Line = z.union([
  z.object({
    v: z.literal(1),
    id: z.string().max(64),
    subject: z.string().max(256),
    body: z.string().max(maxBodyBytes),
  }),
  z.object({ v: z.literal(1), sent: z.string().max(64) }),
]);

export interface SpooledEvent {
  id: string;
  subject: string;
  body: string;
}

export interface OutboxOptions {
  file: string;
  /** False for an event of another name that this machine had: the server would refuse it for ever. */
  isOurs: (subject: string) => boolean;
  /** Resolves when the stream has it; rejects otherwise, and then it is tried again later. */
  send: (event: SpooledEvent) => Promise<void>;
  isConnected: () => boolean;
  onTrouble: (error: unknown) => void;
}

export interface Outbox {
  add: (event: SpooledEvent) => void;
  /** Sends what waits, oldest first, until it is empty or a send fails. */
  flush: () => Promise<void>;
  waiting: () => number;
  /** Events dropped since the last call. */
  takeDropped: () => number;
  close: () => void;
}

interface Spool {
  options: OutboxOptions;
  descriptor: number;
  queue: SpooledEvent[];
  bytes: number;
  dropped: number;
  timer: NodeJS.Timeout | null;
  flushing: Promise<void> | null;
  closed: boolean;
}

export function openOutbox(options: OutboxOptions): Outbox {
  const queue = readSpool(options.file).filter(({ subject }) => options.isOurs(subject));
  const spool: Spool = {
    options,
    descriptor: openSync(options.file, "a", 0o600),
    queue,
    bytes: queue.reduce((sum, event) => sum + event.body.length, 0),
    dropped: 0,
    timer: null,
    flushing: null,
    closed: false,
  };
  // A torn last line must not swallow the next one.
  if (statSync(options.file).size > 0) onDisk(spool, () => writeSync(spool.descriptor, "\n"));
  return {
    add: (event) => add(spool, event),
    flush: () => {
      spool.flushing ??= drain(spool)
        .catch(options.onTrouble)
        .finally(() => {
          spool.flushing = null;
        });
      return spool.flushing;
    },
    waiting: () => spool.queue.length,
    takeDropped: () => {
      const count = spool.dropped;
      spool.dropped = 0;
      return count;
    },
    close: () => {
      if (spool.timer !== null) clearTimeout(spool.timer);
      onDisk(spool, () => fdatasyncSync(spool.descriptor));
      spool.closed = true;
      closeSync(spool.descriptor);
    },
  };
}

function add(spool: Spool, event: SpooledEvent): void {
  const { queue, options } = spool;
  if (event.body.length > maxBodyBytes) {
    spool.dropped += 1;
    return;
  }
  queue.push(event);
  spool.bytes += event.body.length;
  append(spool, { v: 1, ...event });
  while (queue.length > maxEvents || spool.bytes > maxBytes) {
    removeFirst(spool);
    spool.dropped += 1;
  }
  if (statSync(options.file).size > maxFileBytes) rewrite(spool);
}

async function drain(spool: Spool): Promise<void> {
  const { queue, options } = spool;
  for (let event = queue[0]; event !== undefined && options.isConnected(); event = queue[0]) {
    await options.send(event);
    // It may have been dropped while its answer was on the way.
    if (queue[0] === event) removeFirst(spool);
  }
}

function removeFirst(spool: Spool): void {
  const event = spool.queue.shift();
  if (event === undefined) return;
  spool.bytes -= event.body.length;
  if (spool.queue.length > 0) {
    append(spool, { v: 1, sent: event.id });
  } else {
    onDisk(spool, () => ftruncateSync(spool.descriptor, 0));
  }
}

function append(spool: Spool, line: unknown): void {
  onDisk(spool, () => writeSync(spool.descriptor, `${JSON.stringify(line)}\n`));
  // One fsync for a burst: a storm of events must not become a storm of fsyncs.
  if (spool.closed) return;
  spool.timer ??= setTimeout(() => {
    spool.timer = null;
    onDisk(spool, () => fdatasyncSync(spool.descriptor));
  }, syncMs).unref();
}

function rewrite(spool: Spool): void {
  const lines = spool.queue.map((event) => `${JSON.stringify({ v: 1, ...event })}\n`).join("");
  onDisk(spool, () => {
    ftruncateSync(spool.descriptor, 0);
    writeSync(spool.descriptor, lines);
    fdatasyncSync(spool.descriptor);
  });
}

/** A full disk costs the events' survival of a restart, never the agent. */
function onDisk({ options, closed }: Spool, work: () => void): void {
  // The number of a closed descriptor may be another file's by now.
  if (closed) return;
  try {
    work();
  } catch (error) {
    options.onTrouble(error);
  }
}

/** A torn last line is what a power cut leaves: it is passed over, as is anything unreadable. */
function readSpool(file: string): SpooledEvent[] {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || size > 2 * maxFileBytes) return [];
  const waiting = new Map<string, SpooledEvent>();
  for (const text of readFileSync(file, "utf8").split("\n")) {
    const line = Line.safeParse(parseJson(text)).data;
    if (line === undefined) continue;
    if ("sent" in line) {
      waiting.delete(line.sent);
    } else {
      waiting.set(line.id, { id: line.id, subject: line.subject, body: line.body });
    }
  }
  return [...waiting.values()].slice(-maxEvents);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
