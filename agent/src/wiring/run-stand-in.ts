/** Wiring: a lead on a machine that is no node, as the controller's. It begins where no node leads, and keeps lists and what it has not told. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ChimeraError, errorChain } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest } from "@chimera/proto/names";
import type { Connection } from "../control/connection.ts";
import { outboxName } from "../control/keep-events.ts";
import { askIn } from "../control/lead/ask-in.ts";
import { openLeadBeats, type LeadBeats } from "../control/lead/lead-beats.ts";
import { openLeadStore, type LeadStore, type StoredRecord } from "../control/lead/lead-store.ts";
import { readLists } from "../control/lead/read-lists.ts";
import { createStandingReader, type Standing } from "../control/lead/read-standing.ts";
import { openRolloutTeller, type RolloutTeller } from "../control/lead/rollout-teller.ts";
import { tellingStore } from "../control/lead/telling-store.ts";
import { fetchWave } from "../control/look/fetch-wave.ts";
import { readSecret } from "../host/agent/identity.ts";
import { openLog } from "../host/log/open-log.ts";
import { connectLead, leadFleet, nowMs, sayOnce, type Led } from "./lead-fleet.ts";
import { standInWait } from "../rollout/stand-in.ts";
import { keptIn, urlOf } from "./run-lead.ts";
import type { StandInConfig } from "../stand-in-config.ts";
import { version } from "../version.ts";

interface Watching {
  config: StandInConfig;
  connection: Connection;
  beats: LeadBeats;
  teller: RolloutTeller;
  /** The newest that was read; null before the first answer. */
  standing: Standing | null;
  log: Log;
  say: (line: string) => void;
}

const lookMs = 5_000;
const waitMs = 1_000;

/** Runs for ever: every head that has waves, one after the other. */
export async function runStandIn(config: StandInConfig): Promise<never> {
  const { fleetId, trustedKeys } = config;
  const { log } = openLog({ node: config.node, version }, config.logLevel);
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  const connection = connectLead(config, log, () => teller.flush());
  const file = join(config.stateDir, outboxName);
  const teller = openRolloutTeller({ connection, node: config.node, fleetId, file, log });
  const read = createStandingReader({ connection, fleetId, trustedKeys, log });
  const beats = openLeadBeats({ connection, fleetId, me: config.node, nowMs });
  const watching: Watching = { config, connection, beats, teller, standing: null, log, say: sayOnce() };
  void keepReading(watching, read);
  let done: Digest | null = null;
  for (;;) {
    const led = ledOf(watching);
    if (led !== null && (led.id !== done || (await isLost(watching, led)))) {
      await standIn(watching, led);
      done = led.id;
    }
    await delay(led?.id === done ? lookMs : waitMs);
  }
}

/** The store has no record of a rollout that was led to its end: those that were away need it. */
async function isLost({ config, connection }: Watching, led: Led): Promise<boolean> {
  const stored = await readRecord(openLeadStore(connection, config.fleetId));
  return stored !== null && stored.record?.head !== led.id;
}

/** What a failed look missed the next one sees. */
async function keepReading(watching: Watching, read: () => Promise<Standing>): Promise<never> {
  for (;;) {
    watching.standing = await read().catch((error: unknown) => {
      if (!(error instanceof ChimeraError)) throw error;
      watching.say(`waits for NATS: ${errorChain(error)}`);
      return watching.standing;
    });
    await delay(lookMs);
  }
}

function ledOf({ standing }: Watching): Led | null {
  const opened = standing?.head ?? null;
  const policy = opened?.head.policy.rollout;
  return opened === null || policy === undefined ? null : { id: opened.id, head: opened.head, policy };
}

/** Resolves when the rollout is over, or another document counts. */
async function standIn(watching: Watching, led: Led): Promise<void> {
  const { config, log, say } = watching;
  const { serial } = led.head;
  if (!(await awaitQuiet(watching, led))) return;
  say(`head ${serial}: no node leads it`);
  const isCurrent = () => ledOf(watching)?.id === led.id;
  const lists = await readLists(
    led.policy.waves.map(({ list }) => list),
    {
      ...keptIn(join(config.stateDir, "lists.json")),
      fetch: (digest) => fetchWave(urlOf(config.controller), readSecret(config.controller.tokenFile), digest),
      isWanted: isCurrent,
      againMs: lookMs,
      say,
    },
  );
  if (lists === null) return;
  const phase = await leadFleet({
    config,
    led,
    lists,
    known: null,
    ended: null,
    utcMs: () => utcMs(led),
    openAsk: (envelope) => askIn(envelope, { ...asked(watching, led), head: led.id }),
    isCurrent,
    onRecord: watching.teller.tell,
    log,
    say,
  });
  say(`head ${serial}: ${phase}`);
}

/** False where another document counts before it came to that. Also of what is over not all may lie there that others need. */
async function awaitQuiet(watching: Watching, led: Led): Promise<boolean> {
  const { config, connection, beats, teller } = watching;
  const { fleetId, afterSeconds } = config;
  // Its own last step, which it wrote and had no time to tell.
  const store = tellingStore(openLeadStore(connection, fleetId), teller.tell);
  const quiet = { seenMs: nowMs(), movedMs: Number.NEGATIVE_INFINITY, afterMs: afterSeconds * 1000 };
  let revision = -1;
  while (ledOf(watching)?.id === led.id) {
    const stored = await readRecord(store);
    if (stored !== null) {
      if (stored.revision !== revision) [revision, quiet.movedMs] = [stored.revision, nowMs()];
      if (standInWait({ ...quiet, nowMs: nowMs(), heardMs: beats.lastHeardMs(led.id) }) === 0) return true;
    }
    await delay(waitMs);
  }
  return false;
}

/** Null while nobody answers. */
async function readRecord(store: LeadStore): Promise<StoredRecord | null> {
  try {
    return await store.read();
  } catch (error) {
    if (error instanceof ChimeraError) return null;
    throw error;
  }
}

/** Never before its head was signed, whatever this machine's clock shows. */
function utcMs({ head }: Led): number {
  return Math.max(Date.now(), Date.parse(head.createdAt));
}

function asked({ standing, config }: Watching, led: Led) {
  if (standing === null) throw new ChimeraError("state-invalid", "no key set was read yet");
  return { role: standing.keys.set.roles.order, fleetId: config.fleetId, nowMs: utcMs(led) };
}
