/** PURE. What is gathered of a machine before anything is judged; null is what could not be looked at. */

export interface FileFacts {
  path: string;
  kind: "file" | "folder" | "other" | "missing" | "unreadable";
  mode: number;
  uid: number;
}

/** Properties as systemd shows them; null where there is no systemd. */
export type UnitFacts = Readonly<Record<string, string>> | null;

export interface NatsProbe {
  server: string;
  /** What the server says before anybody has signed in; null where nobody answered. */
  info: { version: string; jetstream: boolean; tls: boolean } | null;
  reason: string;
  isLocal: boolean;
  certificateEndMs: number | null;
}

export interface HttpProbe {
  url: string;
  /** Null where nobody answered. */
  status: number | null;
  reason: string;
  /** By how much this machine's clock is ahead of the controller's. */
  offsetMs: number | null;
  version: string | null;
  certificateEndMs: number | null;
  hasToken: boolean;
}

export interface SpaceFacts {
  path: string;
  freeBytes: number | null;
  reserveBytes: number;
}

export type PassFacts = { path: string } & ({ problem: string } | { issuedMs: number; expiresMs: number });

export interface ClockFacts {
  synchronized: boolean | null;
}

interface MachineFacts {
  nowMs: number;
  isRoot: boolean;
  cliVersion: string;
  clock: ClockFacts;
}

export interface NodeFacts extends MachineFacts {
  configFile: string;
  /** What is wrong with it; null where it is whole. */
  configProblem: string | null;
  agent: { version: string; state: string; problem: string | null } | null;
  agentReason: string;
  units: { sentinel: UnitFacts; watchdog: UnitFacts; recover: UnitFacts; blessBoot: UnitFacts };
  secrets: { purpose: string; file: FileFacts }[];
  folders: FileFacts[];
  keySet: { version: number; expiresMs: number } | string;
  /** Null where nats-server knows its users by their nkeys. */
  pass: PassFacts | null;
  nats: NatsProbe[];
  /** Whether the agent's process holds a connection to one of those servers. */
  natsHeld: boolean | null;
  controller: HttpProbe | null;
  space: SpaceFacts[];
  boot: { loader: boolean; reboots: string; acceptUnprotected: boolean };
  inotify: { maxWatches: number | null; maxQueued: number | null; held: number | null };
}

export interface ControllerFacts extends MachineFacts {
  configFile: string;
  configProblem: string | null;
  unit: UnitFacts;
  secrets: { purpose: string; file: FileFacts }[];
  ownerUid: number | null;
  /** Null, as what follows from it, where the configuration cannot be read. */
  tokens: { count: number; endless: number; usable: number } | string | null;
  pass: PassFacts | null;
  nats: NatsProbe[];
  /** What `sync_interval` of a nats-server of this machine is; null where none runs here, "" where it says nothing. */
  natsSync: string | null;
  ready: HttpProbe | null;
  space: SpaceFacts[];
  hasFreshKey: boolean | null;
}

export interface OperatorFacts extends MachineFacts {
  contextFile: FileFacts;
  /** Name of the current context; or why there is none. */
  context: { name: string } | { problem: string };
  secrets: { purpose: string; file: FileFacts; problem: string | null }[];
  project: { path: string; problem: string | null } | null;
  /** What each program said of its version; null where it is missing. */
  tools: { name: string; said: string | null; isNeeded: boolean; why: string }[];
  controller: HttpProbe | null;
}
