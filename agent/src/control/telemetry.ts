/** SHELL. What the node says of itself: signed status on change and every 5 min, a beat every 10 s, health every 30 s. */
import type { NodeStatus } from "@chimera/proto/status";
import { seal } from "@chimera/proto/signed/envelope";
import type { Hardware } from "@chimera/proto/hardware";
import type { HealthSample } from "@chimera/proto/health";
import type { Signer } from "@chimera/proto/signed/keys";
import type { Log } from "@chimera/proto/log";
import { subjects } from "@chimera/proto/subjects";
import { beatOf } from "../status-document.ts";
import type { Connection } from "./connection.ts";
import { requireStored } from "./require-stored.ts";

export interface TelemetryOptions {
  connection: Connection;
  signer: Signer;
  log: Log;
  status: () => NodeStatus;
  health: () => HealthSample;
  hardware: () => Promise<Hardware>;
}

export interface Telemetry {
  /** Cheap: sends the status only when it says something new. */
  noteChange: () => void;
  /** The stream's answer to the newest status, when one is under way. */
  settled: () => Promise<void>;
  onConnected: () => void;
  stop: () => void;
}

const statusMs = 5 * 60_000;
const beatMs = 10_000;
const healthMs = 30_000;
const hardwareMs = 3600_000;
/** Byte counts of a fetch change all the time; nobody reads them more often. */
const progressMs = 1_000;

export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { connection, log, status } = options;
  const { node, fleetId } = status();
  const sender = createStatusSender(options);
  let hardware: string | null = null;

  const sendHardware = () => {
    if (hardware !== null) connection.publish(subjects.hardware(fleetId, node), hardware);
  };
  const keepHardware = async () => {
    hardware = JSON.stringify(await options.hardware());
    sendHardware();
  };
  const readHardware = () => {
    keepHardware().catch((error: unknown) => log.warn({ error }, "hardware facts were not read"));
  };
  readHardware();

  const sendBeat = () => connection.publish(subjects.beat(fleetId, node), JSON.stringify(beatOf(status())));
  const sendHealth = () =>
    connection.publish(subjects.health(fleetId, node), JSON.stringify(options.health()));

  const timers = [
    every(statusMs, 0.1, () => sender.send()),
    every(beatMs, 0.2, sendBeat),
    every(healthMs, 0.1, sendHealth),
    every(hardwareMs, 0.1, readHardware),
  ];
  return {
    noteChange: () => sender.noteChange(),
    settled: () => sender.settled(),
    onConnected() {
      sender.send();
      sendBeat();
      sendHealth();
      sendHardware();
    },
    stop() {
      for (const stop of timers) stop();
    },
  };
}

interface StatusSender {
  send: () => void;
  noteChange: () => void;
  settled: () => Promise<void>;
}

const nothingSent = { facts: "", progress: "", at: 0 };

function createStatusSender({ connection, signer, log, status }: TelemetryOptions): StatusSender {
  let sent = nothingSent;
  let sending: Promise<void> = Promise.resolve();
  let busy = false;
  let again = false;

  const store = async (document: NodeStatus) => {
    sent = { ...factsOf(document), at: performance.now() };
    const body = JSON.stringify(seal("status", document, [signer]));
    const { data } = await connection.request(subjects.status(document.fleetId, document.node), body);
    requireStored(data);
  };
  const storeNewest = async () => {
    do {
      again = false;
      await store(status());
    } while (again);
  };
  const send = () => {
    again = busy;
    if (busy || !connection.isConnected()) return;
    busy = true;
    sending = storeNewest()
      .catch((error: unknown) => {
        // Not said then: the next pass says it, as after a restart of NATS, which forgets all statuses.
        sent = nothingSent;
        log.debug({ error }, "status was not stored");
      })
      .finally(() => {
        busy = false;
      });
  };

  return {
    send,
    settled: () => sending,
    noteChange() {
      const { facts, progress } = factsOf(status());
      const due = progress !== sent.progress && performance.now() - sent.at >= progressMs;
      if (facts !== sent.facts || due) send();
    },
  };
}

/**
 * The document without what moves by itself (its own time, that of the controller's word), and what moves all the time. Of a rollout
 * its end is news: before that the lead's record tells more.
 */
function factsOf({ at: _at, fresh: _fresh, fetch, waiting, drift, rollout, ...rest }: NodeStatus): {
  facts: string;
  progress: string;
} {
  const { lastSweepAt: _lastSweepAt, ...differences } = drift;
  const ended = (rollout?.at ?? null) === null ? null : rollout;
  return {
    facts: JSON.stringify([rest, ended, waiting?.reason ?? null, differences]),
    progress: JSON.stringify([fetch, waiting]),
  };
}

/** Repeats with jitter, so that a fleet started at once does not speak at once. Returns what stops it. */
export function every(ms: number, jitter: number, work: () => void): () => void {
  let timer: NodeJS.Timeout;
  const plan = () => {
    timer = setTimeout(
      () => {
        plan();
        work();
      },
      ms * (1 - jitter + 2 * jitter * Math.random()),
    ).unref();
  };
  plan();
  return () => clearTimeout(timer);
}
