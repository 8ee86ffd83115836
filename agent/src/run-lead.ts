/** Wiring: the program of a rollout's session, on a node that may lead. It reads what the agent has accepted, and drives nothing but the record. */
import { join } from "node:path";
import { openKeys, TrustState } from "@chimera/proto/acceptance/trust-state";
import { nowOf } from "@chimera/proto/acceptance/verdict";
import { mayReturn } from "@chimera/proto/effective";
import { ChimeraError } from "@chimera/proto/errors";
import type { Log } from "@chimera/proto/log";
import type { Digest, NodeName } from "@chimera/proto/names";
import { openAsk } from "@chimera/proto/rollout/rollout-ask";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import type { AgentConfig } from "./config.ts";
import { openConnection, type Connection } from "./control/connection.ts";
import { openFleetEar } from "./control/lead/fleet-ear.ts";
import { openLeadBeats } from "./control/lead/lead-beats.ts";
import { lead } from "./control/lead/lead-loop.ts";
import { openLeadStore } from "./control/lead/lead-store.ts";
import { KeptLists, readLists } from "./control/lead/read-lists.ts";
import { fetchWave } from "./control/look/fetch-wave.ts";
import { readSecret, readSeed } from "./host/agent/identity.ts";
import { openLog } from "./host/log/open-log.ts";
import { readDocument } from "./host/state/documents.ts";
import { writeStateFile } from "./host/state/state-file.ts";
import type { Ask } from "./rollout/lead-sight.ts";
import { isOver } from "./rollout/wanted-session.ts";
import { version } from "./version.ts";

interface Led {
  id: Digest;
  head: Head;
  policy: RolloutPolicy;
}

const over = "another document was accepted: nobody leads it any more";

/** Resolves with how it ended, in a sentence. Of another head than the accepted one it leads nothing. */
export async function runLead(config: AgentConfig, head: Digest): Promise<string> {
  const led = acceptedHead(config, head);
  if (led === null) return over;
  const { log, close } = openLog({ node: config.node, version }, config.logLevel);
  const say = sayOnce();
  const listsFile = join(config.stateDir, "lists.json");
  const url = config.controller.url.replace(/\/+$/, "");
  const lists = await readLists(
    led.policy.waves.map(({ list }) => list),
    {
      kept: readDocument(listsFile, KeptLists)?.lists ?? [],
      keep: (kept) => writeStateFile(listsFile, kept),
      fetch: (digest) => fetchWave(url, readSecret(config.controller.tokenFile), digest),
      isWanted: () => acceptedHead(config, head) !== null,
      againMs: 5_000,
      say,
    },
  );
  const phase = lists === null ? over : await leadWith(config, { led, lists, log, say });
  close();
  return `head ${led.head.serial}: ${phase}`;
}

interface Leading {
  led: Led;
  lists: readonly WaveList[];
  log: Log;
  say: (line: string) => void;
}

async function leadWith(config: AgentConfig, { led, lists, log, say }: Leading): Promise<string> {
  const { node, fleetId, stateDir } = config;
  const { id, head, policy } = led;
  const connection: Connection = connect(config, log, () => {
    ear.wasDeaf();
    ear.readAll();
  });
  const entries = lists.flatMap(({ nodes }) => nodes);
  const keys = new Map<NodeName, PublicKeyText>(entries.map((entry) => [entry.node, entry.nodeKey]));
  const ear = openFleetEar({ connection, fleetId, keys, nowMs, log });
  const beats = openLeadBeats({ connection, fleetId, me: node, head: id, nowMs });
  const known = readDocument(join(stateDir, "rollout.json"), RolloutRecord);
  const phase = await lead({
    me: node,
    head: { id, head },
    policy,
    waves: lists.map(({ nodes }) => nodes.map((entry) => entry.node)),
    store: openLeadStore(connection, fleetId),
    ear,
    known: known?.head === id ? known : null,
    mayReturn: () => mayReturn(head, utcMs(readTrust(stateDir))),
    isOver: (record) => isOver(record, head, utcMs(readTrust(stateDir))),
    openAsk: (envelope) => openAskFor(readTrust(stateDir), id, envelope),
    lastHeardMs: beats.lastHeardMs,
    beat: beats.say,
    isCurrent: () => acceptedHead(config, id) !== null,
    say,
    nowMs,
    at: () => new Date().toISOString(),
  });
  await connection.close();
  return phase;
}

function connect({ node, nats }: AgentConfig, log: Log, onConnected: () => void): Connection {
  return openConnection({
    servers: nats.servers,
    name: `${node}-lead`,
    nkey: readSeed(nats.seedFile),
    inboxPrefix: subjects.inboxPrefix(node),
    log,
    onConnected,
  });
}

function nowMs(): number {
  return performance.now();
}

/** As the agent has verified and kept it; null where another one counts, where a panic undid it, and where it has no waves. */
function acceptedHead({ stateDir }: Pick<AgentConfig, "stateDir">, id: Digest): Led | null {
  const state = readTrust(stateDir);
  const accepted = state?.head ?? null;
  const policy = accepted?.head.policy.rollout;
  if (accepted === null || accepted.id !== id || policy === undefined || state?.panic !== null) return null;
  return { id, head: accepted.head, policy };
}

function readTrust(stateDir: string): TrustState | null {
  return readDocument(join(stateDir, "trust.json"), TrustState);
}

/** Never before what an operator has signed, whatever this machine's clock shows: as nodes have it. */
function utcMs(state: TrustState | null): number {
  const judge = { nowMs: Date.now() };
  return state === null ? judge.nowMs : nowOf({ state, judge });
}

/** By the keys that the agent goes by now. */
function openAskFor(state: TrustState | null, head: Digest, envelope: Envelope): Ask {
  if (state === null) throw new ChimeraError("state-invalid", "nothing was accepted here");
  const role = openKeys(state).set.roles.order;
  const context = { role, fleetId: state.fleetId, head, nowMs: utcMs(state) };
  const { nonce, createdAt, author, reason, action } = openAsk(envelope, context).order;
  return { nonce, createdAt, kind: action.ask, author, reason };
}

/** A line for people, when it says something new. Nodes and records say what they like: none of their control bytes get through. */
function sayOnce(): (line: string) => void {
  let last = "";
  return (line) => {
    if (line === last) return;
    last = line;
    const time = new Date().toISOString().slice(11, 19);
    process.stdout.write(`${time}  ${line.replaceAll(/\p{C}/gu, "?").slice(0, 2000)}\n`);
  };
}
