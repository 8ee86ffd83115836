/** Wiring: a lead of one head on its own connection, on a node or on a machine that stands in for one. */
import { mayReturn } from "@chimera/proto/effective";
import type { Log } from "@chimera/proto/log";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { RolloutRecord } from "@chimera/proto/rollout/rollout-record";
import type { WaveList } from "@chimera/proto/rollout/wave-list";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { Head } from "@chimera/proto/signed/head";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import type { AgentConfig } from "../config.ts";
import { openConnection, type Connection } from "../control/connection.ts";
import { openFleetEar } from "../control/lead/fleet-ear.ts";
import { openLeadBeats } from "../control/lead/lead-beats.ts";
import { lead } from "../control/lead/lead-loop.ts";
import { openLeadStore } from "../control/lead/lead-store.ts";
import { tellingStore } from "../control/lead/telling-store.ts";
import { openCredentials } from "../host/agent/credentials.ts";
import type { EndedRollout } from "../rollout/ended-rollout.ts";
import type { Ask } from "../rollout/lead-sight.ts";
import { isOver } from "../rollout/wanted-session.ts";

/** A head that has waves. */
export interface Led {
  id: Digest;
  head: Head;
  policy: RolloutPolicy;
}

export interface Leadership {
  config: Pick<AgentConfig, "node" | "fleetId" | "nats">;
  led: Led;
  lists: readonly WaveList[];
  /** The newest record that this machine knows, of whatever head. */
  known: RolloutRecord | null;
  /** How this machine's own lead has seen it end; null where it has not. */
  ended: EndedRollout["phase"] | null;
  /** Never before what an operator has signed. */
  utcMs: () => number;
  /** Throws ChimeraError for one that does not count. */
  openAsk: (envelope: Envelope) => Ask;
  isCurrent: () => boolean;
  /** Whatever was written or found, again with each look. */
  onRecord: (record: RolloutRecord) => void;
  log: Log;
  say: (line: string) => void;
}

/** Resolves with the phase in which it ended, or "superseded". */
export async function leadFleet(leadership: Leadership): Promise<string> {
  const { config, led, lists, known, utcMs, openAsk, isCurrent, onRecord, log, say } = leadership;
  const { node, fleetId } = config;
  const { id, head, policy } = led;
  const connection: Connection = connectLead(config, log, () => {
    ear.wasDeaf();
    ear.readAll();
  });
  const ear = openFleetEar({ connection, fleetId, keys: keysOf(lists), nowMs, log });
  const beats = openLeadBeats({ connection, fleetId, me: node, nowMs });
  const phase = await lead({
    me: node,
    head: { id, head },
    policy,
    waves: lists.map(({ nodes }) => nodes.map((entry) => entry.node)),
    store: tellingStore(openLeadStore(connection, fleetId), onRecord),
    ear,
    known: known?.head === id ? known : null,
    ended: leadership.ended,
    mayReturn: () => mayReturn(head, utcMs()),
    isOver: (record) => isOver(record, head, utcMs()),
    openAsk,
    lastHeardMs: beats.lastHeardMs,
    beat: () => beats.say(id),
    isCurrent,
    say,
    nowMs,
    at: () => new Date().toISOString(),
  });
  await connection.close();
  return phase;
}

export function connectLead(
  { node, nats }: { node: NodeName; fleetId: FleetId; nats: AgentConfig["nats"] },
  log: Log,
  onConnected: () => void,
): Connection {
  return openConnection({
    servers: nats.servers,
    name: `${node}-lead`,
    credentials: openCredentials(nats, log),
    inboxPrefix: subjects.inboxPrefix(node),
    log,
    onConnected,
  });
}

function keysOf(lists: readonly WaveList[]): Map<NodeName, PublicKeyText> {
  const entries = lists.flatMap(({ nodes }) => nodes);
  return new Map(entries.map(({ node, nodeKey }) => [node, nodeKey]));
}

/** Any clock that does not step. */
export function nowMs(): number {
  return performance.now();
}

/** A line for people, when it says something new. Nodes and records say what they like: none of their control bytes get through. */
export function sayOnce(): (line: string) => void {
  let last = "";
  return (line) => {
    if (line === last) return;
    last = line;
    const time = new Date().toISOString().slice(11, 19);
    process.stdout.write(`${time}  ${line.replaceAll(/\p{C}/gu, "?").slice(0, 2000)}\n`);
  };
}
