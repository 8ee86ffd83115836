/** PURE. Every subject, bucket and stream of a fleet. Nobody writes one by hand elsewhere. */
import type { NodeEventType } from "./event.ts";

/** JetStream KV buckets. `desired` is on disk and synced always, `status` in memory. */
export const buckets = { desired: "chimera", status: "chimera_status" } as const;

/** Streams that keep what nodes say. */
export const streams = {
  build: "chimera_build",
  health: "chimera_health",
  hardware: "chimera_hardware",
  events: "chimera_events",
  /** In memory: what sessions show, for those that look when the node is gone. */
  sessions: "chimera_sessions",
  /** On disk, and only appended to: who changed what, and who was refused. */
  audit: "chimera_audit",
} as const;

/** Documents of the bucket `chimera` that every node of a fleet reads; of each the newest counts. */
export const desiredKinds = ["head", "panic", "quarantine", "order", "fresh", "rollout"] as const;
export type DesiredKind = (typeof desiredKinds)[number];

/** The key of a document in its bucket. */
export const keys = {
  desired: (kind: DesiredKind, fleet: string) => `${kind}.${fleet}`,
  /** Key sets are kept one by one: they are walked. */
  keySet: (fleet: string, version: number | "*") => `keys.${fleet}.${version}`,
  /** The panic for the newest head, signed in advance: for operators and controllers, never for nodes. */
  panicReady: (fleet: string) => `panic.${fleet}.ready`,
  /** The receipts that let the wave after this one go, or that prove that the fleet went back, or that all have committed; `*`: any of them. */
  waveReceipts: (fleet: string, wave: number | "back" | "end" | "*") => `rollout.${fleet}.receipts.${wave}`,
  /** Orders of which only so many nodes run the command at the same time: for controllers, never for nodes. */
  paced: (fleet: string) => `paced.${fleet}`,
  /** What an operator asks of the lead: the newest counts. */
  rolloutAsk: (fleet: string) => `rollout.${fleet}.ask`,
  /** What waits for further signatures, by the digest of its payload. */
  proposal: (fleet: string, id: string) => `proposal.${fleet}.${id}`,
  status: (fleet: string, node: string) => `${fleet}.${node}`,
} as const;

const inBucket = (key: string) => `$KV.${buckets.desired}.${key}`;
const directGet = (subject: string) => `$JS.API.DIRECT.GET.KV_${buckets.desired}.${subject}`;

export const subjects = {
  /** Where a plain subscriber hears that a key was written. */
  desired: (kind: DesiredKind, fleet: string) => inBucket(keys.desired(kind, fleet)),
  /** Request with an empty body: answers with the newest value of that key. */
  desiredGet: (kind: DesiredKind, fleet: string) => directGet(subjects.desired(kind, fleet)),
  keySet: (fleet: string, version: number | "*") => inBucket(keys.keySet(fleet, version)),
  keySetGet: (fleet: string, version: number | "*") => directGet(subjects.keySet(fleet, version)),
  panicReady: (fleet: string) => inBucket(keys.panicReady(fleet)),
  panicReadyGet: (fleet: string) => directGet(subjects.panicReady(fleet)),
  waveReceipts: (fleet: string, wave: number | "back" | "end" | "*") =>
    inBucket(keys.waveReceipts(fleet, wave)),
  waveReceiptsGet: (fleet: string, wave: number | "back" | "end" | "*") =>
    directGet(subjects.waveReceipts(fleet, wave)),
  paced: (fleet: string) => inBucket(keys.paced(fleet)),
  rolloutAsk: (fleet: string) => inBucket(keys.rolloutAsk(fleet)),
  rolloutAskGet: (fleet: string) => directGet(subjects.rolloutAsk(fleet)),
  /** `*` as the id: all of them. */
  proposal: (fleet: string, id: string) => inBucket(keys.proposal(fleet, id)),
  status: (fleet: string, node: string) => `$KV.${buckets.status}.${keys.status(fleet, node)}`,
  /** Request with an empty body: a node's newest status. */
  statusGet: (fleet: string, node: string) =>
    `$JS.API.DIRECT.GET.KV_${buckets.status}.${subjects.status(fleet, node)}`,
  /** The lead of a rollout, every few seconds, for those who would take over. */
  lead: (fleet: string) => `chimera.${fleet}.lead`,
  beat: (fleet: string, node: string) => `chimera.${fleet}.beat.${node}`,
  build: (fleet: string, node: string) => `chimera.${fleet}.build.${node}`,
  health: (fleet: string, node: string) => `chimera.${fleet}.health.${node}`,
  hardware: (fleet: string, node: string) => `chimera.${fleet}.hardware.${node}`,
  event: (fleet: string, node: string, type: NodeEventType) => `chimera.${fleet}.event.${node}.${type}`,
  /** What the subjects of all events of one node begin with. */
  events: (fleet: string, node: string) => `chimera.${fleet}.event.${node}.`,
  audit: (fleet: string) => `chimera.${fleet}.audit`,
  ack: (fleet: string, node: string) => `chimera.${fleet}.ack.${node}`,
  /** Facts of one session, whenever they change. */
  session: (fleet: string, node: string, session: string) =>
    `chimera.${fleet}.session.${node}.${session}.facts`,
  /** Request with an empty body: what a node said last of one session. */
  sessionGet: (fleet: string, node: string, session: string) =>
    `$JS.API.DIRECT.GET.${streams.sessions}.${subjects.session(fleet, node, session)}`,
  /** Request with a body that says which messages of sessions: facts of all, or the pieces of one. */
  sessionsGet: `$JS.API.DIRECT.GET.${streams.sessions}`,
  /** A piece of the newest output of one whose output is kept; `*`: all of them. */
  sessionPage: (fleet: string, node: string, at: { session: string; page: number | "*" }) =>
    `chimera.${fleet}.session.${node}.${at.session}.page.${at.page}`,
  /** What one viewer is sent. */
  sessionView: (fleet: string, node: string, at: { session: string; viewer: string }) =>
    `chimera.${fleet}.session.${node}.${at.session}.view.${at.viewer}`,
  /** Keys of whoever holds the keyboard. */
  sessionKeys: (fleet: string, node: string, session: string) =>
    `chimera.${fleet}.session.${node}.${session}.in`,
  /** Whose keys those are; whoever may publish there may have written anything in its place. */
  sessionOfKeys: (subject: string) => subject.split(".")[4] ?? "",
  cmd: (fleet: string, node: string) => `chimera.${fleet}.cmd.${node}`,
  /** `owner`: the node's name, or an operator's nkey, which no node is named like. */
  inboxPrefix: (owner: string) => `_INBOX_${owner}`,
  /** Wildcards of the streams and of the controller's subscriptions. */
  all: {
    audits: "chimera.*.audit",
    acks: (fleet: string) => `chimera.${fleet}.ack.*`,
    beats: (fleet: string) => `chimera.${fleet}.beat.*`,
    builds: "chimera.*.build.*",
    health: "chimera.*.health.*",
    hardware: "chimera.*.hardware.*",
    events: "chimera.*.event.*.*",
    sessions: "chimera.*.session.*.*.facts",
    sessionPages: "chimera.*.session.*.*.page.*",
  },
} as const;
