/** Wiring: the program of a rollout's session, on a node that may lead. It reads what the agent has accepted, and drives nothing but the record. */
import { join } from "node:path";
import { TrustState } from "@chimera/proto/acceptance/trust-state";
import { mayReturn } from "@chimera/proto/effective";
import type { Digest, FleetId, NodeName } from "@chimera/proto/names";
import type { RolloutPolicy } from "@chimera/proto/rollout/rollout-policy";
import type { Head } from "@chimera/proto/signed/head";
import type { PublicKeyText } from "@chimera/proto/signed/keys";
import { subjects } from "@chimera/proto/subjects";
import { z } from "zod";
import type { AgentConfig } from "./config.ts";
import { openConnection, type Connection } from "./control/connection.ts";
import { openFleetEar } from "./control/lead/fleet-ear.ts";
import { lead } from "./control/lead/lead-loop.ts";
import { openLeadStore } from "./control/lead/lead-store.ts";
import { fetchWave } from "./control/look/fetch-wave.ts";
import { readSecret, readSeed } from "./host/agent/identity.ts";
import { openLog } from "./host/log/open-log.ts";
import { readDocument } from "./host/state/documents.ts";
import { version } from "./version.ts";

interface Led {
  id: Digest;
  head: Head;
  policy: RolloutPolicy;
}

/** Resolves with how it ended, in a sentence. */
export async function runLead(config: AgentConfig): Promise<string> {
  const led = acceptedHead(config);
  if (led === null) return "the accepted head has no waves: nobody leads it";
  const { node, fleetId, nats, controller } = config;
  const { log, close } = openLog({ node, version }, config.logLevel);
  const url = controller.url.replace(/\/+$/, "");
  const token = readSecret(controller.tokenFile);
  const lists = await Promise.all(led.policy.waves.map(({ list }) => fetchWave(url, token, list)));
  const keys = new Map<NodeName, PublicKeyText>(
    lists.flatMap(({ nodes }) => nodes.map((entry) => [entry.node, entry.nodeKey])),
  );
  const connection = openConnection({
    servers: nats.servers,
    name: `${node}-lead`,
    nkey: readSeed(nats.seedFile),
    inboxPrefix: subjects.inboxPrefix(node),
    log,
    onConnected: () => void ear.readAll(),
  });
  const nowMs = () => performance.now();
  const ear = openFleetEar({ connection, fleetId, keys, nowMs, log });
  const phase = await lead({
    me: node,
    head: led,
    policy: led.policy,
    waves: lists.map(({ nodes }) => nodes.map((entry) => entry.node)),
    store: openLeadStore(connection, fleetId),
    ear,
    mayReturn: () => mayReturn(led.head, Date.now()),
    lastHeardMs: hearLead(connection, { fleetId, me: node, head: led.id, nowMs }),
    beat: (lease) =>
      connection.publish(subjects.lead(fleetId), JSON.stringify({ head: led.id, lead: node, lease })),
    isCurrent: () => acceptedHead(config)?.id === led.id,
    say: sayOnce(),
    nowMs,
    at: () => new Date().toISOString(),
  });
  await connection.close();
  close();
  return `head ${led.head.serial}: ${phase}`;
}

/** As the agent has verified and kept it; null where a panic undid it, and where it has no waves. */
function acceptedHead({ stateDir }: AgentConfig): Led | null {
  const state = readDocument(join(stateDir, "trust.json"), TrustState);
  const policy = state?.head?.head.policy.rollout;
  if (state?.head === null || state === null || policy === undefined || state.panic !== null) return null;
  return { id: state.head.id, head: state.head.head, policy };
}

const LeadBeat = z.object({ head: z.string().max(64), lead: z.string().max(64) });

interface Listening {
  fleetId: FleetId;
  me: NodeName;
  head: Digest;
  nowMs: () => number;
}

/** When another lead of this head was last heard. */
function hearLead(connection: Connection, { fleetId, me, head, nowMs }: Listening): () => number {
  let heardMs = 0;
  connection.subscribe(subjects.lead(fleetId), (data) => {
    const beat = LeadBeat.safeParse(parseJson(data)).data;
    if (beat?.head === head && beat.lead !== me) heardMs = nowMs();
  });
  return () => heardMs;
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data.subarray(0, 1024)).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** A line for people, when it says something new. */
function sayOnce(): (line: string) => void {
  let last = "";
  return (line) => {
    if (line === last) return;
    last = line;
    process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
  };
}
